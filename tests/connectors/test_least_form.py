"""A connection opens with nothing filled in but what its form requires; what rests on the rest is shut, and says so."""

from pathlib import Path
from typing import Any, Final

import pytest
from tests.connectors.sample import connector
from tests.unit.connectors.wires import NOW, FakeWire

from tieline.connectors.connection import VendorConnection, assemble
from tieline.connectors.inbound.request import InboundRequest
from tieline.connectors.manifest.configuration import settle
from tieline.connectors.registry import PACKAGED_CATALOG, Catalog, Connector
from tieline.connectors.wire.messages import Incoming, Outgoing
from tieline.domain.errors import VendorMisconfigured
from tieline.kit.deadline import Deadline

CONNECTORS: Final = [Catalog().find(file.parent.name) for file in sorted(PACKAGED_CATALOG.glob("*/connector.yaml"))]
FILLED: Final[dict[str, Any]] = {
    "url": "https://vendor.example.com",
    "int": 1,
    "bool": True,
    "timezone": "Asia/Shanghai",
    "country": "CN",
    "text": "a-word-of-some-length",
}
OPTIONAL: Final = {"title": "t", "secret": True, "required": False}


def never(outgoing: Outgoing) -> Incoming:
    raise AssertionError(outgoing.url)


def open_with(declared: Connector, **secrets: str) -> VendorConnection:
    """Fill in what must be, and what is given."""
    required = {name: field for name, field in declared.manifest.config.items() if field.required and field.default is None}
    plain = {
        name: field.choices[0] if field.choices else FILLED[field.type] for name, field in required.items() if not field.secret
    }
    kept = {name: "a-secret-of-some-length" for name, field in required.items() if field.secret} | secrets
    return assemble("crm", declared, settle(declared.manifest, plain, kept), wire=FakeWire(never), clock=lambda: NOW)


@pytest.mark.parametrize("declared", CONNECTORS, ids=lambda declared: declared.manifest.id)
def test_every_connector_opens_with_its_required_fields_alone(declared: Connector) -> None:
    assert open_with(declared).connector is declared


def hooked(parent: Path, **field: object) -> Connector:
    """A connector whose webhooks and second host have a secret each."""
    return connector(
        parent,
        config={
            "base_url": {"title": "t", "type": "url"},
            "token": {"title": "t", "secret": True},
            "hook": {"title": "t", "secret": True, **field},
            "bot": OPTIONAL,
        },
        auths={"bot": {"kind": "api_key", "query": "key", "value": "$config.bot"}},
        operations={"order.list": {"request": {"path": "/orders", "auth": "bot"}}},
        inbound={
            "event": {
                "verify": {"kind": "static_header", "header": "X-Token", "value": "$config.hook"},
                "events": [{"when": {"body.kind": "ping"}, "emit": "nothing"}],
            }
        },
    )


def test_a_door_whose_secret_may_be_left_out_is_shut_without_it(tmp_path: Path) -> None:
    connection = open_with(hooked(tmp_path, required=False))
    assert not connection.hears("event")
    for given in ("", "None", "$config.hook"):
        request = InboundRequest(method="POST", headers={"x-token": given}, query="", content_type="application/json", body=b"{}")
        with pytest.raises(VendorMisconfigured) as caught:
            connection.admit(request)
        assert caught.value.code == "operation_not_offered"
    assert open_with(hooked(tmp_path, required=False), hook="word-of-ours").hears("event")


def test_a_door_whose_secret_is_required_does_not_open_without_it(tmp_path: Path) -> None:
    with pytest.raises(VendorMisconfigured) as caught:
        open_with(hooked(tmp_path), hook=" ")
    assert caught.value.code == "secret_missing"


async def test_what_needs_credentials_that_were_left_out_is_refused_and_nothing_is_sent(tmp_path: Path) -> None:
    connection = open_with(hooked(tmp_path, required=False))
    with pytest.raises(VendorMisconfigured) as caught:
        await connection.run("order.list", deadline=Deadline.after(2))
    assert (caught.value.code, caught.value.hint) == ("secret_missing", "Fill in the optional secrets of the connection.")
