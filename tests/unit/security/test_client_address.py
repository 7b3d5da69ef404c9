"""Where a request comes from: a proxy of ours is believed, nobody else."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
from starlette.requests import Request

from tieline.domain.errors import ConfigRefused
from tieline.security.client_address import client_address
from tieline.security.networks import networks

PROXIES = networks(["10.0.0.0/8", " 2001:db8::/32 ", ""])


def asked(peer: str, *forwarded: str, proxies: Any = PROXIES) -> str:  # noqa: ANN401 - networks
    app = SimpleNamespace(state=SimpleNamespace(front_proxies=proxies))
    headers = [(b"x-forwarded-for", line.encode()) for line in forwarded]
    return client_address(Request(cast("Any", {"type": "http", "client": (peer, 1), "headers": headers, "app": app})))


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("203.0.113.1", (), "203.0.113.1"),
        ("203.0.113.1", ("198.51.100.7",), "203.0.113.1"),
        ("10.0.0.1", ("198.51.100.7",), "198.51.100.7"),
        ("10.0.0.1", ("6.6.6.6, 198.51.100.7, 10.0.0.2",), "198.51.100.7"),
        ("10.0.0.1", ("6.6.6.6", "198.51.100.7"), "198.51.100.7"),
        ("10.0.0.1", (), "10.0.0.1"),
        ("2001:db8::1", ("198.51.100.7",), "198.51.100.7"),
        ("unix", ("198.51.100.7",), "unix"),
    ],
)
def test_only_our_own_proxies_say_whom_they_speak_for(peer: str, forwarded: tuple[str, ...], address: str) -> None:
    assert asked(peer, *forwarded) == address


def test_without_a_proxy_nobody_is_believed() -> None:
    assert asked("10.0.0.1", "198.51.100.7", proxies=()) == "10.0.0.1"


def test_what_is_no_network_is_refused_at_the_start() -> None:
    with pytest.raises(ConfigRefused):
        networks(["proxy.example"])
