"""The loop, through a real worker and the simulated systems: served, asked, let down, answered, called back, asked again.

The CRM knows all of it in the end, each thing once.
"""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.flows.door import KNOWN, patiently
from tests.flows.sandbox import Sandbox
from tests.flows.test_tickets import Office, opened

from tieline.cli.demo_customer import DemoCustomer
from tieline.worker.duties import escalate_overdue, join_purchases, judge_customers

CONTACT = "LC-104729"


@pytest.fixture
async def office(database_url: str, tmp_path: Path, sandbox: Sandbox) -> AsyncIterator[Office]:
    async with opened(database_url, tmp_path, sandbox, public_url="http://127.0.0.1") as office:
        yield office


async def served(office: Office, call_id: str, agent: str) -> None:
    """Let the known customer be served by an agent, and the call be settled."""
    house = office.house
    for kind, after_s in (("ringing", 20), ("answered", 90), ("ended", 0)):
        told = {"outcome": "served"} if kind == "ended" else {}
        await house.tell(kind, call_id, agent=agent, **told)
        house.clock.forward(timedelta(seconds=after_s))
    await house.settle()


async def answered(office: Office, customer: DemoCustomer) -> tuple[str, int]:
    """Wait until another message is there, and let the customer answer the page it names."""
    count = customer.asked.total()
    async for _ in patiently("no survey ever reached the customer's telephone", within_s=90):
        found = await asyncio.to_thread(customer.invitations)
        if len(found) > count:
            break
    token = found[count].link.rpartition("/s/")[2]
    score, text = customer.opinion(found[count].phone)
    page = await office.house.client.post(f"/s/{token}", data={"score": str(score), "text": text})
    assert page.status_code == 200, page.text
    return found[count].phone, score


async def opinions(office: Office, count: int) -> list[dict[str, Any]]:
    """Wait until the CRM was told of so many opinions of ours."""
    found: list[dict[str, Any]] = []
    async for _ in patiently(f"the CRM was never told: {found}", within_s=90):
        answer = await office.crm.client.get(f"{office.crm.url}/v2/contacts/{CONTACT}/opinions")
        found = [one for one in answer.json()["opinions"] if "key" in one]
        if len(found) >= count:
            return found
    raise AssertionError


async def test_somebody_let_down_is_answered_called_back_and_asked_again(office: Office) -> None:
    house, customer = office.house, DemoCustomer(office.house.sandbox.places["pbx"])
    await served(office, "c-first", "1001")
    assert await answered(office, customer) == (KNOWN, 1)

    (said,) = (await house.client.get("/v1/feedback", params={"call_id": "c-first"})).json()["items"]
    follow = said["follow_up"]
    assert (follow["assignee"], follow["due_at"] is not None, follow["opened_at"] is not None, follow["contacted_at"]) == (
        *("9001", True, True),
        None,
    )
    ticket = await office.in_sync(follow["ticket_id"])
    (told,) = await opinions(office, 1)
    assert (told["score"], told["kind"], told["channel"], told["comment"]) == (1, "CSAT", "sms", said["text"])
    assert (told["contact_id"], ticket["status"]) == (CONTACT, "new")

    house.clock.forward(timedelta(hours=1))
    await served(office, "c-back", "9001")
    assert await answered(office, customer) == (KNOWN, 5)
    (again,) = (await house.client.get("/v1/feedback", params={"call_id": "c-back"})).json()["items"]
    assert (again["score"], again["follow_up"], len(await opinions(office, 2))) == (5, None, 2)

    closed = await house.client.post(
        f"/v1/tickets/{follow['ticket_id']}/close", json={"ending": "resolved"}, headers={"Idempotency-Key": "close-1"}
    )
    assert closed.status_code == 200, closed.text
    (ended,) = (await house.client.get("/v1/feedback", params={"call_id": "c-first"})).json()["items"]
    loop = ended["follow_up"]
    assert loop["opened_at"] < loop["contacted_at"] < loop["closed_at"]
    took_s = (datetime.fromisoformat(loop["closed_at"]) - datetime.fromisoformat(loop["opened_at"])).total_seconds()
    report = (await house.client.get("/v1/reports/feedback-loop")).json()["total"]
    assert (report["loops"], report["loops_closed"], report["feedback_loop_s"]) == (1, 1, float(int(took_s)))
    await house.settle()
    surveys = (await house.client.get("/v1/surveys")).json()["items"]
    assert sorted((one["occasion"], one["state"], tuple(one["reasons"])) for one in surveys) == [
        ("call", "answered", ()),
        ("call", "refused", ("asked_recently",)),
        ("second_contact", "answered", ()),
        ("ticket", "refused", ("asked_recently", "second_contact_asked")),
    ]


async def test_a_ticket_nobody_saw_to_in_time_goes_to_somebody_higher_once(office: Office) -> None:
    house = office.house
    wish = {"kind": "complaint", "channel": "agent", "text": "没人理我", "phone": KNOWN}
    said = (await house.client.post("/v1/feedback", json=wish, headers={"Idempotency-Key": "late-1"})).json()
    ticket = said["follow_up"]["ticket_id"]
    assert await escalate_overdue(house.house, house.clock()) == 0
    house.clock.forward(timedelta(days=14))
    for _ in range(2):  # the worker's own duty may be faster
        await escalate_overdue(house.house, house.clock())
    found = await office.ticket(ticket)
    assert (found["escalation"], found["priority"], found["assignee"]) == (1, "urgent", "9001")
    (listed,) = (await house.client.get("/v1/feedback", params={"kind": "complaint"})).json()["items"]
    assert listed["follow_up"]["escalated_at"] is not None


async def test_causes_are_told_by_what_was_bought_and_where_the_customer_is_from(office: Office, sandbox: Sandbox) -> None:
    house = office.house
    wish = {"kind": "complaint", "channel": "agent", "text": "噪音大，质量差", "phone": KNOWN}
    said = (await house.client.post("/v1/feedback", json=wish, headers={"Idempotency-Key": "bought-1"})).json()
    sandbox.turn("erp", status=503)
    assert await join_purchases(house.house, house.clock()) == 0, "asked again once the ERP answers"
    sandbox.heal()
    assert await join_purchases(house.house, house.clock()) == 1
    assert await join_purchases(house.house, house.clock()) == 0
    (kept,) = (await house.client.get("/v1/feedback", params={"kind": "complaint"})).json()["items"]
    assert (kept["id"], kept["purchase"]) == (
        said["id"],
        {"order": "SO-20261001", "products": ["空气净化器 X3", "HEPA 滤芯 ×2"], "basis": "last_order", "region": "北京市"},
    )
    by = {}
    for group in ("product", "region", "cause"):
        report = (await house.client.get("/v1/reports/causes", params={"group_by": group, "product": "HEPA 滤芯 ×2"})).json()
        by[group] = {row[group]: row["complaints"] for row in report["rows"]}
        assert report["total"]["complaints"] == 1
    assert by == {"product": {"HEPA 滤芯 ×2": 1}, "region": {"北京市": 1}, "cause": {"quality": 1}}
    opened = await house.client.get("/v1/reports/causes/rows", params={"measure": "complaints", "region": "北京市"})
    assert [row["id"] for row in opened.json()["items"]] == [said["id"]]


async def test_a_customer_who_keeps_coming_is_tagged_in_the_crm_and_on_the_card_with_the_reason(office: Office) -> None:
    house = office.house
    for number in range(3):
        wish = {
            "kind": "complaint",
            "channel": "agent",
            "text": f"第 {number} 次：东西坏了，质量差",
            "customer": f"crm:{CONTACT}",
        }
        answer = await house.client.post("/v1/feedback", json=wish, headers={"Idempotency-Key": f"again-{number}"})
        assert answer.status_code == 201, answer.text
    await judge_customers(house.house, house.clock())
    tag = "高关怀需求客户"
    async for _ in patiently("the CRM was never told of the tag", within_s=90):
        there = (await office.crm.client.get(f"{office.crm.url}/v2/contacts/{CONTACT}")).json()
        if tag in there["labels"]:
            break
    assert "老年用户" in there["labels"], "what was there stays"
    await house.pop()
    await house.house.desk.keeper.settle()  # who was seen once is known by their number
    pop = await house.pop()
    (hint,) = [hint for hint in pop["hints"] if tag in hint["text"]]
    assert (hint["text"], "3" in hint["because"], "30 天内" in hint["because"]) == (f"按规则标记：{tag}", True, True)


async def test_who_is_known_by_number_alone_is_tagged_as_well_and_a_shared_number_tags_nobody(office: Office) -> None:
    """Three calls of the number the CRM has for one person; and three of a number that is two people's."""
    house, shared = office.house, "+8613800138001"
    for number in (KNOWN, shared):
        await house.pop(number)
    await house.house.desk.keeper.settle()
    for time in range(6):
        text, phone = f"第 {time} 次：东西坏了，质量差", (KNOWN, shared)[time % 2]
        wish = {"kind": "complaint", "channel": "agent", "text": text, "phone": phone}
        answer = await house.client.post("/v1/feedback", json=wish, headers={"Idempotency-Key": f"by-number-{time}"})
        assert answer.status_code == 201, answer.text
    await judge_customers(house.house, house.clock())
    async for _ in patiently("the CRM was never told of the tag", within_s=90):
        there = (await office.crm.client.get(f"{office.crm.url}/v2/contacts/{CONTACT}")).json()
        if "高关怀需求客户" in there["labels"]:
            break
    others = (await office.crm.client.get(f"{office.crm.url}/v2/contacts", params={"phone": shared})).json()["contacts"]
    assert (len(others), [one["labels"] for one in others if "高关怀需求客户" in one["labels"]]) == (2, [])
