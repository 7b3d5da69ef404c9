"""The catalog's Odoo connector against a real Odoo 19: who is calling, what they ordered, and a ticket's whole life."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from tests.live.odoo_server import Odoo

from tieline.connectors.connection import VendorConnection, open_connection
from tieline.connectors.contract import CAPABILITIES, Result
from tieline.connectors.registry import Catalog
from tieline.domain.errors import VendorMisconfigured, VendorRejected
from tieline.domain.line import Line
from tieline.domain.phone_normalise import normalise
from tieline.kit.clock import utc_now
from tieline.kit.deadline import Deadline
from tieline.mapping.book import load_book
from tieline.mapping.record import RecordMapping
from tieline.security.egress import Egress

pytestmark = pytest.mark.live
LINE = Line(number="+861065543800", name="Support", country="CN")


def connection_to(odoo: Odoo, *, api_key: str = "") -> VendorConnection:
    return open_connection(
        "erp",
        Catalog().find("odoo"),
        config={"base_url": odoo.url, "database": odoo.database, "project_id": 1},
        secrets={"api_key": api_key or odoo.api_key},
        clock=utc_now,
        egress=Egress.parse(f"127.0.0.1=127.0.0.1/32:{odoo.url.rpartition(':')[2]}"),
    )


@pytest.fixture(scope="session")
async def erp(odoo: Odoo) -> AsyncIterator[VendorConnection]:
    connection = connection_to(odoo)
    yield connection
    await connection.aclose()


def mapping_of(erp: VendorConnection, operation: str) -> RecordMapping:
    return load_book(erp.connector.mapping_file)[CAPABILITIES[operation].record]


async def run(erp: VendorConnection, operation: str, **inputs: Any) -> Result:  # noqa: ANN401 - inputs are the manifest's
    return await erp.run(operation, deadline=Deadline.after(20), **inputs)


async def asked(erp: VendorConnection, operation: str, **inputs: str | datetime) -> list[dict[str, Any]]:
    given = {name: normalise(str(given), line=LINE) if name == "phone" else given for name, given in inputs.items()}
    mapping = mapping_of(erp, operation)
    return [mapping.read(record) for record in (await run(erp, operation, **given)).records]


@pytest.mark.parametrize("number", ["13800138000", "13800138001", "13800138002", "13800138003", "13800138004"])
async def test_a_partner_is_found_however_a_clerk_spelled_the_number(erp: VendorConnection, number: str) -> None:
    found = await asked(erp, "customer.find", phone=number)
    assert [normalise(customer["phones"][0], line=LINE).e164 for customer in found] == [f"+86{number}"]


async def test_nobody_has_the_number(erp: VendorConnection) -> None:
    assert await asked(erp, "customer.find", phone="+8613900000000") == []


async def test_orders_newest_first_with_exact_money(erp: VendorConnection) -> None:
    (customer,) = await asked(erp, "customer.find", phone="13800138003")
    orders = await asked(erp, "order.list", customer_id=customer["id"])
    assert len(orders) == 3
    assert [order["number"] for order in orders] == sorted((order["number"] for order in orders), reverse=True)
    assert all(order["status"] in {"draft", "placed"} and order["total"].currency == "USD" for order in orders)
    (again,) = await asked(erp, "order.get", number=orders[0]["number"])
    assert again["id"] == orders[0]["id"]


async def test_invoices_can_be_asked_for(erp: VendorConnection) -> None:
    (customer,) = await asked(erp, "customer.find", phone="13800138003")
    assert await asked(erp, "invoice.list", customer_id=customer["id"]) == []


async def test_a_tickets_whole_life(erp: VendorConnection) -> None:
    since = datetime.now(UTC) - timedelta(seconds=2)
    (customer,) = await asked(erp, "customer.find", phone="13800138003")
    mapping, key = mapping_of(erp, "ticket.create"), f"op-{uuid4().hex}"
    wanted = {"subject": "来电工单：路由器无法联网", "description": "红灯", "status": "new", "priority": "high"}
    given = {"record": mapping.write(wanted, current=None, is_new=True), "customer_id": customer["id"], "external_id": key}
    assert (await erp.read_back("ticket.create", deadline=Deadline.after(20), **given)).outcome == "not_found"
    made = await run(erp, "ticket.create", **given)
    back = await erp.read_back("ticket.create", deadline=Deadline.after(20), **given)
    assert (back.outcome, back.external_id) == ("ok", made.external_id)
    assert made.external_id is not None
    (found,) = await asked(erp, "ticket.find", external_id=key)
    assert (found["id"], found["subject"], found["priority"]) == (made.external_id, "来电工单：路由器无法联网", "high")
    assert made.external_id in [ticket["id"] for ticket in await asked(erp, "ticket.list", customer_id=customer["id"])]
    closing = mapping.write({"status": "closed"}, current=None, is_new=False)
    await run(erp, "ticket.update", ticket_id=made.external_id, record=closing)
    (closed,) = await asked(erp, "ticket.get", ticket_id=made.external_id)
    assert closed["status"] == "closed"
    note = mapping_of(erp, "ticket.comment").write({"text": "已回访"}, current=None, is_new=True)
    assert (await run(erp, "ticket.comment", ticket_id=made.external_id, record=note)).external_id is not None
    assert made.external_id in [ticket["id"] for ticket in await asked(erp, "ticket.changed", since=since)]


async def test_what_a_customer_said_is_a_note_in_their_own_log(odoo: Odoo, erp: VendorConnection) -> None:
    (customer,) = await asked(erp, "customer.find", phone="13800138003")
    note = mapping_of(erp, "feedback.log").write({"summary": "满意度 2/5：等得太久 <b>"}, current=None, is_new=True)
    logged = await run(erp, "feedback.log", customer_id=customer["id"], record=note)
    assert logged.external_id is not None
    inside = [["id", "=", int(logged.external_id)], ["subtype_id.internal", "=", True]]
    (kept,) = odoo.call("mail.message", "search_read", domain=inside, fields=["model", "res_id", "body"])
    assert (kept["model"], kept["res_id"]) == ("res.partner", int(customer["id"]))
    assert kept["body"] == "<p>满意度 2/5：等得太久 &lt;b&gt;</p>"


async def test_what_odoo_refuses_is_told_apart(odoo: Odoo, erp: VendorConnection) -> None:
    with pytest.raises(VendorRejected):
        await run(erp, "ticket.update", ticket_id="1", record={"state": "nonsense"})
    assert (await run(erp, "ticket.update", ticket_id="999999", record={"state": "1_done"})).outcome == "not_found"
    stranger = connection_to(odoo, api_key="0" * 40)
    with pytest.raises(VendorMisconfigured) as caught:
        await run(stranger, "system.ping")
    await stranger.aclose()
    assert caught.value.code == "upstream_credentials"
