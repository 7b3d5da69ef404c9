"""SOAP operations named in a WSDL: written and read as it types them, from files of the folder alone, be they hostile."""

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
from tests.connectors.sample import connector
from tests.unit.connectors.wires import CALLER, NOW, FakeWire

from tieline.connectors.connection import VendorConnection, assemble
from tieline.connectors.manifest.configuration import settle
from tieline.connectors.manifest.problems import ManifestProblems
from tieline.connectors.registry import PACKAGED_CATALOG, Connector
from tieline.connectors.soap import wsdl
from tieline.connectors.wire.messages import Incoming, Outgoing
from tieline.domain.errors import VendorMisconfigured, VendorRejected
from tieline.kit.deadline import Deadline

SOURCE: Final = PACKAGED_CATALOG / "generic_soap"
WSDL, XSD = ((SOURCE / name).read_text(encoding="utf-8") for name in ("service.wsdl", "crm.xsd"))
ENVELOPE: Final = '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>{}</s:Body></s:Envelope>'
SECURITY: Final = {
    "wsse:Security": {
        "@xmlns:wsse": "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd",
        "wsse:UsernameToken": {"wsse:Username": "tieline", "wsse:Password": "$config.token"},
    }
}


def service(
    folder: Path, call: dict[str, Any] | None = None, *, files: dict[str, str] | None = None, **parts: object
) -> Connector:
    """A connector with the WSDL of the template beside it, and one operation that uses it."""
    (folder / "made_up").mkdir(exist_ok=True)
    for name, text in {"service.wsdl": WSDL, "crm.xsd": XSD, **(files or {})}.items():
        (folder / "made_up" / name).write_text(text, encoding="utf-8")
    soap = {"wsdl": "service.wsdl", "operation": "ListOrders", "body": {"CustomerId": "$in.customer_id"}, **(call or {})}
    listed = {
        "request": {"method": "POST", "path": "/s", "soap": soap},
        "records": "body.Envelope.Body.ListOrdersResponse.Order",
    }
    return connector(folder, **{"operations": {"order.list": listed}, **parts})


def opened(declared: Connector, answer: str = "") -> tuple[VendorConnection, FakeWire]:
    """The connection, at a service that always answers so."""
    wire = FakeWire(answering(answer))
    settled = settle(declared.manifest, {"base_url": "https://x.example"}, {"token": "s3cr3t-token"})
    return assemble("erp", declared, settled, wire=wire, clock=lambda: NOW), wire


def answering(inside: str) -> Callable[[Outgoing], Incoming]:
    written = ENVELOPE.format(inside).encode()
    return lambda _sent: Incoming(200, {"content-type": "text/xml; charset=utf-8"}, written)


async def orders(connection: VendorConnection) -> Any:  # noqa: ANN401 - records
    return (await connection.run("order.list", deadline=Deadline.after(2), customer_id="c1")).records


def orders_answer(*orders: str) -> str:
    return (
        f'<ListOrdersResponse xmlns="urn:example:crm">{"".join(f"<Order>{one}</Order>" for one in orders)}</ListOrdersResponse>'
    )


async def test_an_answer_is_typed_as_the_wsdl_says(tmp_path: Path) -> None:
    nil = '<Total xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="true"/>'
    told = orders_answer(
        "<Id>007</Id><Number>1e5</Number><Status>NEW</Status><Total>19998.50</Total><Date>2026-01-02</Date>",
        f"<Id>8</Id><Number>SO-8</Number><Status/>{nil}",
    )
    connection, wire = opened(service(tmp_path), told)
    first, second = await orders(connection)
    assert first == {"Id": "007", "Number": "1e5", "Status": "NEW", "Total": "19998.50", "Date": "2026-01-02"}
    assert (second["Total"], second["Date"]) == (None, None)
    (sent,) = wire.sent
    assert (sent.headers["content-type"], sent.headers["soapaction"]) == (
        "text/xml; charset=utf-8",
        '"urn:example:crm/ListOrders"',
    )


async def test_a_lone_element_that_may_come_several_times_is_a_list(tmp_path: Path) -> None:
    find = {
        "request": {
            "method": "POST",
            "path": "/s",
            "soap": {"wsdl": "service.wsdl", "operation": "FindCustomer", "body": {"Phone": "$in.phone.national"}},
        },
        "records": "body.Envelope.Body.FindCustomerResponse.Customer",
    }
    customer = "<Customer><Id>1</Id><Name>A</Name><Phone>2</Phone></Customer>"
    told = f'<FindCustomerResponse xmlns="urn:example:crm">{customer}</FindCustomerResponse>'
    connection, _ = opened(service(tmp_path, operations={"customer.find": find}), told)
    (found,) = (await connection.run("customer.find", deadline=Deadline.after(2), phone=CALLER)).records
    assert (found["Phone"], found["Email"]) == (["2"], [])


@pytest.mark.parametrize(
    "told",
    [
        orders_answer("<Id>7</Id><Number>1</Number><Status>NEW</Status><Total>many</Total>"),
        orders_answer("<Id>7</Id><Number>1</Number><Status>NEW</Status><Added>since the file was written</Added>"),
        orders_answer("<Number>1</Number><Id>7</Id>"),
    ],
    ids=["no number", "one more", "another order"],
)
async def test_an_answer_that_is_not_as_the_wsdl_says_is_read_all_the_same(tmp_path: Path, told: str) -> None:
    connection, _ = opened(service(tmp_path), told)
    (order,) = await orders(connection)
    assert (order["Id"], order["Number"]) == ("7", "1")


async def test_a_fault_stays_what_it_is(tmp_path: Path) -> None:
    rows = [{"when": {"body.Envelope.Body.Fault.faultcode": {"contains": "Client"}}, "is": "permanent"}]
    told = "<s:Fault><faultcode>s:Client</faultcode><faultstring>no</faultstring></s:Fault>"
    connection, _ = opened(service(tmp_path, outcomes=rows), told)
    with pytest.raises(VendorRejected):
        await orders(connection)


async def test_an_answer_with_an_entity_is_not_read(tmp_path: Path) -> None:
    connection, wire = opened(service(tmp_path))
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaa">]>' + ENVELOPE.format(orders_answer("<Id>&a;</Id>"))
    wire._answering = lambda _sent: Incoming(200, {"content-type": "text/xml"}, bomb.encode())
    with pytest.raises(Exception, match="DTD") as caught:
        await orders(connection)
    assert getattr(caught.value, "code", "") == "upstream_bad_answer"


async def test_a_header_of_the_services_own_stands_above_the_body_and_shows_no_secret(tmp_path: Path) -> None:
    connection, wire = opened(service(tmp_path, {"header": SECURITY}), orders_answer())
    await orders(connection)
    envelope = (wire.sent[0].body or b"").decode()
    assert envelope.index("Header") < envelope.index("UsernameToken") < envelope.index("s3cr3t-token") < envelope.index("Body")
    stages = await connection.explain("order.list", deadline=Deadline.after(2), customer_id="c1")
    assert "s3cr3t-token" not in repr(stages)


async def test_the_newer_version_names_its_action_in_the_content_type(tmp_path: Path) -> None:
    newer = WSDL.replace("http://schemas.xmlsoap.org/wsdl/soap/", "http://schemas.xmlsoap.org/wsdl/soap12/")
    connection, wire = opened(service(tmp_path, files={"service.wsdl": newer}), orders_answer())
    await orders(connection)
    (sent,) = wire.sent
    assert sent.headers["content-type"] == 'application/soap+xml; charset=utf-8; action="urn:example:crm/ListOrders"'
    assert "soapaction" not in sent.headers
    assert b"http://www.w3.org/2003/05/soap-envelope" in (sent.body or b"")


async def test_values_the_wsdl_does_not_take_are_refused_and_nothing_is_sent(tmp_path: Path) -> None:
    update = {
        "request": {
            "method": "POST",
            "path": "/s",
            "soap": {"wsdl": "service.wsdl", "operation": "UpdateTicket", "body": {"Id": "$in.ticket_id", "Ticket": "$record"}},
        },
        "idempotency": {"repeatable": "it sets given values"},
    }
    connection, wire = opened(service(tmp_path, operations={"ticket.update": update}))
    with pytest.raises(VendorRejected):
        await connection.run("ticket.update", deadline=Deadline.after(2), ticket_id="1", record={"Colour": "red"})
    assert wire.sent == []


def never(*_args: object, **_named: object) -> None:
    raise AssertionError("something was asked of the network")


REMOTE: Final = '<xsd:import namespace="urn:example:crm" schemaLocation="{}"/>'
IMPORT: Final = REMOTE.format("http://crm.example.com/schemas/crm.xsd")
BOMB: Final = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'


@pytest.mark.parametrize(
    "files",
    [
        {"service.wsdl": WSDL.replace(IMPORT, REMOTE.format("http://169.254.169.254/latest/secrets.xsd"))},
        {"service.wsdl": WSDL.replace(IMPORT, REMOTE.format("../../../etc/passwd"))},
        {"service.wsdl": WSDL.replace(IMPORT, REMOTE.format("file:///etc/passwd"))},
        {"service.wsdl": WSDL.replace("?>", "?>" + BOMB, 1)},
        {"crm.xsd": XSD.replace("?>", "?>" + BOMB, 1)},
        {"crm.xsd": XSD.replace("?>", "?><!--" + "x" * wsdl.MOST_BYTES + "-->", 1)},
        {"service.wsdl": "<html>Sign in</html>"},
        {"service.wsdl": "no XML at all"},
        {"crm.xsd": XSD.replace('type="Order"', 'type="Unknown"')},
    ],
    ids=["network", "parent", "file", "bomb", "bomb in a schema", "too large", "a page", "text", "a type there is not"],
)
def test_a_hostile_or_broken_wsdl_opens_no_connection(
    tmp_path: Path, files: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", never)
    monkeypatch.setattr(socket.socket, "connect", never)
    declared = service(tmp_path, files=files)
    with pytest.raises(VendorMisconfigured) as caught:
        opened(declared)
    assert caught.value.code == "wsdl_invalid"


@pytest.mark.parametrize(
    ("call", "told"),
    [
        ({"operation": "ListOrdres"}, "offers no operation ListOrdres"),
        ({"port": "Other"}, "on a port Other"),
        ({"body": {"Customer": "$in.customer_id"}}, "takes nothing named 'Customer'"),
    ],
)
def test_what_the_wsdl_does_not_know_is_told_when_the_connection_opens(tmp_path: Path, call: dict[str, Any], told: str) -> None:
    with pytest.raises(VendorMisconfigured, match=told):
        opened(service(tmp_path, call))


@pytest.mark.parametrize("name", ["missing.wsdl", "../service.wsdl", "/etc/passwd", "service.txt"])
def test_a_file_that_is_not_of_the_folder_is_told_when_the_manifest_is_read(tmp_path: Path, name: str) -> None:
    with pytest.raises(ManifestProblems, match="wsdl"):
        _ = service(tmp_path, {"wsdl": name}).manifest


def test_without_the_extra_the_connection_says_which(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    declared = service(tmp_path)
    monkeypatch.setattr(wsdl, "find_spec", lambda _name: None)
    with pytest.raises(VendorMisconfigured, match=r"tieline\[soap\]") as caught:
        opened(declared)
    assert caught.value.code == "extra_missing"


def test_a_wsdl_that_is_written_anew_makes_the_connection_another(tmp_path: Path) -> None:
    declared = service(tmp_path)
    before = declared.stamps
    (tmp_path / "made_up" / "crm.xsd").write_text(XSD.replace('name="Date"', 'name="On"'), encoding="utf-8")
    assert declared.stamps != before
    assert len(declared.stamps) == 4
