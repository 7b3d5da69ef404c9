"""A refund freezes its order: both sides confirm, or nothing is left half done and a person is told."""

import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.flows.door import Json, patiently
from tests.flows.sandbox import Sandbox
from tests.flows.test_tickets import Office, opened

from tieline.services import refunds

OPEN_ORDER = "SO-20261002"
"""In refunding, which the ERP still freezes."""


@pytest.fixture
async def office(database_url: str, tmp_path: Path, sandbox: Sandbox) -> AsyncIterator[Office]:
    async with opened(database_url, tmp_path, sandbox) as office:
        yield office
        sandbox.heal()
        await let_go(office)  # The order would stand still for the next test.


async def answered(office: Office, call_id: str) -> None:
    """A known customer is on the line, and the card says so."""
    async with office.house.screen("1001") as screen:
        await office.house.tell("ringing", call_id, agent="1001")
        await office.house.tell("answered", call_id, agent="1001")
        await screen.until(lambda heard: heard.card["status"] == "complete")


async def ask(office: Office, call_id: str, order: str = OPEN_ORDER) -> httpx.Response:
    headers = {"Idempotency-Key": uuid.uuid4().hex}
    body = {"kind": "refund", "call_id": call_id, "reason": "客户要求退款"}
    return await office.house.client.post(f"/v1/orders/erp/{order}/refund-requests", json=body, headers=headers)


async def until(office: Office, request_id: str, *states: str) -> Json:
    found: Json = {}
    async for _ in patiently(f"never {states}: {found}"):
        found = (await office.house.client.get(f"/v1/refund-requests/{request_id}")).json()
        if found["state"] in states:
            return found
    raise AssertionError


async def flags(office: Office) -> list[Json]:
    items: list[Json] = (await office.house.client.get("/v1/reviews", params={"kind": "refund_request"})).json()["items"]
    return items


async def held(office: Office, order: str = OPEN_ORDER) -> bool:
    erp = office.house.sandbox.places["erp"]
    answer = await office.house.client.get(
        f"{erp['url']}/openapi/order/detail", params={"orderNo": order}, headers={"X-Bamboo-Key": erp["api_key"]}
    )
    return bool(answer.json()["data"]["holdFlag"] == "1")


async def test_both_sides_confirm(office: Office) -> None:
    await answered(office, "c-refund")
    made = await ask(office, "c-refund")
    assert made.status_code == 202, made.text
    confirmed = await until(office, made.json()["id"], "confirmed")
    assert await held(office)
    again = await ask(office, "c-refund")
    assert (again.status_code, again.json()["code"]) == (409, "refund_already_asked")
    told = (await office.ticket(confirmed["ticket_id"]))["refund"]
    assert (told["id"], told["state"], told["order_number"]) == (confirmed["id"], "confirmed", OPEN_ORDER)
    whole = await office.in_sync(confirmed["ticket_id"])
    assert (whole["order_number"], whole["category"], whole["priority"]) == (OPEN_ORDER, "退款", "high")
    assert await flags(office) == []


async def test_an_erp_that_is_down_leaves_no_half_state_and_is_told_later(office: Office) -> None:
    await answered(office, "c-down")
    made_by = ask(office, "c-down")
    made = await made_by
    office.house.sandbox.turn("erp")
    assert (await until(office, made.json()["id"], "confirmed"))["code"] is None
    office.house.sandbox.turn("erp", error_rate=1.0)
    refused = await ask(office, "c-down", "SO-20261001")
    assert (refused.status_code, refused.json()["code"]) == (409, "order_not_live")
    office.house.sandbox.turn("erp")


async def test_an_erp_that_goes_down_before_it_has_frozen_the_order_freezes_it_once_when_it_is_back(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The request stands half done for as long as that lasts, and says so; nobody is asked, and nothing is undone."""
    check = refunds.check

    async def check_and_go_down(*given: Any, **named: Any) -> None:  # noqa: ANN401 - whatever it takes
        await check(*given, **named)
        office.house.sandbox.turn("erp", status=503, error_rate=1.0)

    monkeypatch.setattr(refunds, "check", check_and_go_down)
    await answered(office, "c-pending")
    made = await ask(office, "c-pending")
    assert made.status_code == 202, made.text
    async for _ in patiently("the ERP was never asked"):
        if await office.house.rows("SELECT 1 FROM deliveries WHERE operation = 'order.hold' AND failures = 1"):
            break
    waiting = (await office.house.client.get(f"/v1/refund-requests/{made.json()['id']}")).json()
    assert (waiting["state"], await flags(office)) == ("freezing", [])
    office.house.sandbox.heal()
    await office.house.rows_changed(b"UPDATE deliveries SET due_at = now() - interval '11 s' WHERE operation = 'order.hold'")
    assert (await until(office, made.json()["id"], "confirmed"))["code"] is None
    assert await held(office)
    assert await office.house.rows("SELECT state, attempts FROM deliveries WHERE operation LIKE 'order.%'") == [("delivered", 2)]
    assert office.house.sandbox.asked("erp", "/openapi/refund/hold") == 1


async def test_an_order_the_erp_will_not_freeze_is_flagged(office: Office) -> None:
    await answered(office, "c-shipped")
    made = await ask(office, "c-shipped", "SO-20261001")  # shipped: open to us, too late for the ERP
    failed = await until(office, made.json()["id"], "failed")
    assert failed["code"] == "upstream_rejected"
    assert [item["suggestions"][0]["state"] for item in await flags(office)] == ["failed"]
    whole = await office.ticket(failed["ticket_id"])
    assert "请人工处理" in whole["comments"][0]["text"]


async def test_an_order_looked_at_a_moment_ago_is_looked_at_again(office: Office) -> None:
    """An answer kept for the cards is no reason to refuse, and none to act upon."""
    await answered(office, "c-looked")
    for _ in range(2):
        assert (await office.house.client.get(f"/v1/orders/erp/{OPEN_ORDER}")).status_code == 200
    made = await ask(office, "c-looked")
    assert made.status_code == 202, made.text
    await until(office, made.json()["id"], "confirmed")


async def test_a_caller_known_by_number_alone_freezes_nothing(office: Office) -> None:
    refused = await ask(office, "c-never-rang")
    assert (refused.status_code, refused.json()["code"]) == (409, "identity_not_verified")
    assert not await held(office)


async def test_without_any_copy_of_the_ticket_the_order_goes_on(office: Office) -> None:
    await answered(office, "c-nowhere")
    for name, path in (("crm", "POST /v2/cases"), ("helpdesk", "POST /api/tickets.xml")):
        del path
        office.house.sandbox.turn(name, status=422, error_rate=1.0)
    made = await ask(office, "c-nowhere")
    undone = await until(office, made.json()["id"], "undone")
    assert undone["state"] == "undone"
    assert not await held(office)
    assert len(await flags(office)) == 1


async def let_go(office: Office) -> None:
    """Leave the world as it was for the next test."""
    erp = office.house.sandbox.places["erp"]
    body = {"orderNo": OPEN_ORDER}
    await office.house.client.post(f"{erp['url']}/openapi/refund/release", json=body, headers={"X-Bamboo-Key": erp["api_key"]})
