"""Where we may call: the table of behaviour B69, and addresses judged one by one (S16)."""

import asyncio
import ipaddress
import random
import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.connectors.sample import connector

from tieline.connectors.connection import check_addresses, open_connection
from tieline.connectors.wire.addresses import CheckedResolver, CheckedSockets, check_reachable
from tieline.connectors.wire.messages import Outgoing
from tieline.connectors.wire.transport import HttpWire
from tieline.domain.errors import ConfigRefused, ConnectorError, EgressForbidden, VendorUnavailable
from tieline.kit.clock import utc_now
from tieline.kit.deadline import Deadline
from tieline.security.egress import Egress, PrivateNetwork, Target, is_public

ON_PREMISE = Egress.parse("erp.acme.lan=10.2.0.0/16:8443, 10.9.0.7=10.9.0.7/32:8080,[fd00::7]=fd00::/8:443")


FORBIDDEN = (
    "file:///etc/passwd",
    "gopher://x.example",
    "ftp://x.example",
    "//x.example",
    "x.example",
    "",
    "https://",
    "http://x.example",
    "https://169.254.169.254/latest",
    "https://100.100.100.200",
    "https://168.63.129.16",
    "https://192.0.0.192",
    "https://[::ffff:127.0.0.1]",
    "https://[64:ff9b::7f00:1]",
    "https://[2002:7f00:1::]",
    "https://[::1]",
    "https://[fe80::1]",
    "https://[fe80::1%25eth0]",
    "https://[fd00:ec2::254]",
    "https://127.0.0.1",
    "https://0x7f000001",
    "https://2130706433",
    "https://127.1",
    "https://0177.0.0.1",
    "https://0",
    "https://1.2.3.4.5",
    "https://①②⑦.0.0.1",
    "https://user@x.example",
    "https://user:pass@x.example",
    "https://x.example#@evil.example",
    "https://x.example\\@evil.example",
    "https://x.example/\r\nHost: evil",
    "https://x.example/a b",
    "https://localhost",
    "https://localhost.",
    "https://x.example.",
    "https://*.nip.io",
    "https://-x.example",
    "https://x..example",
    "https://аpple.example",
    "https://x.example:22",
    "https://x.example:5432",
    "https://x.example:6379",
    "https://x.example:80443",
    "https://x.example:-1",
    "https://x.example:x",
    "https://[::1",
    "https://x.example/" + "a" * 2000,
    "https://intranet",
    "https://10.2.0.5:8443",
)


@pytest.mark.parametrize("url", FORBIDDEN)
def test_what_may_not_be_called(url: str) -> None:
    with pytest.raises(EgressForbidden):
        ON_PREMISE.check(url)


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://crm.example.com/v1?x=%41", Target("https", "crm.example.com", 443)),
        ("HTTPS://CRM.example.com", Target("https", "crm.example.com", 443)),
        ("https://xn--fiqs8s.example", Target("https", "xn--fiqs8s.example", 443)),
        ("https://8.8.8.8", Target("https", "8.8.8.8", 443)),
        ("https://[2606:4700::1111]", Target("https", "2606:4700::1111", 443)),
        ("https://erp.acme.lan:8443/x", Target("https", "erp.acme.lan", 8443)),
        ("http://erp.acme.lan:8443/x", Target("http", "erp.acme.lan", 8443)),
        ("http://10.9.0.7:8080", Target("http", "10.9.0.7", 8080)),
        ("https://[fd00::7]", Target("https", "fd00::7", 443)),
    ],
)
def test_what_may_be_called(url: str, target: Target) -> None:
    assert ON_PREMISE.check(url) == target


@pytest.mark.parametrize(
    ("host", "port", "found", "allowed"),
    [
        ("crm.example.com", 443, ["8.8.8.8", "2606:4700::1111"], True),
        ("crm.example.com", 443, ["8.8.8.8", "10.0.0.1"], False),
        ("crm.example.com", 443, ["127.0.0.1"], False),
        ("crm.example.com", 8443, ["8.8.8.8"], False),
        ("erp.acme.lan", 8443, ["10.2.3.4"], True),
        ("ERP.acme.lan", 8443, ["10.2.3.4"], True),
        ("erp.acme.lan", 8443, ["10.3.0.1"], False),
        ("erp.acme.lan", 8443, ["10.2.3.4", "127.0.0.1"], False),
        ("erp.acme.lan", 443, ["10.2.3.4"], False),
        ("other.acme.lan", 8443, ["10.2.3.4"], False),
        ("x.example", 443, ["fe80::1%eth0"], False),
    ],
)
def test_every_address_of_a_name_must_pass(host: str, port: int, found: list[str], allowed: bool) -> None:  # noqa: FBT001 - a table's column
    if allowed:
        ON_PREMISE.check_addresses(Target("https", host, port), found)
    else:
        with pytest.raises(EgressForbidden):
            ON_PREMISE.check_addresses(Target("https", host, port), found)


@pytest.mark.parametrize(
    "text", ["x", "x=10.0.0.0/8", "=10.0.0.0/8:1", "x=10.0.0.0/8:0", "x=10.0.0.0/8:65536", "x=10.0.0.0/33:1", "x=y:1"]
)
def test_an_unclear_permission_is_refused(text: str) -> None:
    with pytest.raises(ConfigRefused):
        Egress.parse(text)


def test_permissions_are_read_as_written() -> None:
    assert PrivateNetwork.parse(" ERP.acme.lan=10.2.0.0/16:8443") == PrivateNetwork(
        "erp.acme.lan", ipaddress.ip_network("10.2.0.0/16"), 8443
    )


@given(st.ip_addresses(v=4) | st.ip_addresses(v=6))
def test_nothing_public_is_private_to_the_registries(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    if is_public(address):
        mapped = getattr(address, "ipv4_mapped", None)
        in_nat64 = address.version == 6 and address in ipaddress.ip_network("64:ff9b::/96")
        judged = mapped or (ipaddress.IPv4Address(int(address) & 0xFFFFFFFF) if in_nat64 else address)
        assert judged.is_global
        assert not judged.is_multicast


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_in_disguise_is_judged_as_what_it_is(address: ipaddress.IPv4Address) -> None:
    mapped = ipaddress.IPv6Address(f"::ffff:{address}")
    nat64 = ipaddress.IPv6Address(int(ipaddress.IPv6Address("64:ff9b::")) | int(address))
    assert {is_public(mapped), is_public(nat64)} == {is_public(address)}


@pytest.mark.parametrize("address", ["2002:808:808::", "2001:0:808:808::", "::808:808", "::ffff:0:808:808", "64:ff9b:1::808:808"])
def test_tunnels_are_never_public_whatever_they_lead_to(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


async def test_a_name_that_changes_its_address_is_refused_when_it_is_dialled(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter(["8.8.8.8", "127.0.0.1"])

    def rebinding(*_: object, **__: object) -> list[object]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), 443))]

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    target = await check_reachable("https://rebind.example", Egress())
    assert target.host == "rebind.example"
    resolver = CheckedResolver(Egress())
    with pytest.raises(EgressForbidden):
        await resolver.resolve(target)
    await resolver.close()


async def test_a_name_that_leads_home_is_refused_when_it_is_saved(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    with pytest.raises(EgressForbidden):
        await check_reachable("https://127.0.0.1.nip.io", Egress())


async def test_every_address_of_a_connector_is_judged_when_it_is_saved(tmp_path: Path) -> None:
    auth = {
        "kind": "oauth2_client_credentials",
        "token_url": "https://10.0.0.1/token",
        "client_id": "a",
        "client_secret": "$config.token",
    }
    made_up = connector(tmp_path, operations={"system.ping": {"request": {"path": "/ping"}}}, auth=auth)
    given = {"config": {"base_url": "https://8.8.8.8"}, "secrets": {"token": "t"}}
    with pytest.raises(EgressForbidden):
        await check_addresses(made_up, egress=Egress(), **given)
    with pytest.raises(EgressForbidden):
        open_connection("crm", made_up, config=given["config"], secrets=given["secrets"], clock=utc_now, egress=Egress())
    await check_addresses(made_up, egress=Egress.parse("10.0.0.1=10.0.0.1/32:443"), **given)


async def test_an_unknown_name_is_told_when_it_is_saved() -> None:
    with pytest.raises(VendorUnavailable):
        await check_reachable("https://no-such-name.invalid", Egress())


@pytest.mark.parametrize(
    ("token_url", "refused"), [("https://10.0.0.1/token", EgressForbidden), ("https://8.8.8.8/token", VendorUnavailable)]
)
async def test_an_unknown_name_hides_no_forbidden_address_behind_it(
    tmp_path: Path, token_url: str, refused: type[Exception]
) -> None:
    auth = {"kind": "oauth2_client_credentials", "token_url": token_url, "client_id": "a", "client_secret": "$config.token"}
    made_up = connector(tmp_path, operations={"system.ping": {"request": {"path": "/ping"}}}, auth=auth)
    given = {"config": {"base_url": "https://no-such-name.invalid"}, "secrets": {"token": "t"}}
    with pytest.raises(refused):
        await check_addresses(made_up, egress=Egress(), **given)


@pytest.mark.parametrize("address", ["127.0.0.1", "10.2.0.1", "169.254.169.254"])
def test_no_socket_is_opened_to_a_forbidden_address(address: str) -> None:
    with pytest.raises(EgressForbidden):
        CheckedSockets(Egress())((socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)))


@pytest.mark.parametrize("url", FORBIDDEN)
async def test_what_is_refused_when_it_is_saved_is_refused_again_when_it_is_called(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[object] = []
    monkeypatch.setattr(CheckedSockets, "__call__", lambda _, address: opened.append(address))
    async with HttpWire(Egress(), connections=1, response_bytes=1000) as wire:
        with pytest.raises(ConnectorError):
            await wire.send(Outgoing("GET", url, read=True), deadline=Deadline.after(5))
    assert opened == []


async def test_a_thousand_rebindings_send_nothing_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """F12: whatever a name means from one moment to the next, no byte reaches a server of our own."""
    received = bytearray()

    async def taken(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received.extend(await reader.read(1))
        writer.close()

    server = await asyncio.start_server(taken, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    chance = random.Random(12)  # noqa: S311 - the same order of answers each time
    asked = 0

    def rebinding(*_: object, **__: object) -> list[object]:
        nonlocal asked
        asked += 1
        home = ["127.0.0.1", "::1", "10.0.0.1", "169.254.169.254"]
        found = chance.sample(["192.0.2.1", *home], chance.randint(1, 4))
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    refused = 0
    for number in range(1000):
        async with HttpWire(Egress(), connections=1, response_bytes=1000) as wire:
            with pytest.raises(ConnectorError):
                await wire.send(Outgoing("GET", f"https://r{number}.example/", read=True), deadline=Deadline.after(5))
            refused += 1
    server.close()
    await server.wait_closed()
    assert (refused, asked, bytes(received)) == (1000, 1000, b"")
