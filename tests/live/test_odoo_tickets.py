"""A ticket born here lives in a real Odoo too: opened, closed there, edited on both sides at once, due when either side says."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest
from tests.flows.door import Json
from tests.live.odoo_office import Office, in_sync, office_beside
from tests.live.odoo_server import Odoo

pytestmark = pytest.mark.live
NEXT_WEEK: Final = datetime.now(UTC).replace(microsecond=0) + timedelta(days=7)
LATER: Final = NEXT_WEEK + timedelta(days=3)


@pytest.fixture
async def office(odoo: Odoo, database_url: str, tmp_path: Path) -> AsyncIterator[Office]:
    async with office_beside(odoo, database_url, tmp_path) as running:
        yield running


def there(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S")


def due(ticket: Json) -> datetime | None:
    return datetime.fromisoformat(ticket["due_at"]) if ticket["due_at"] else None


async def test_a_ticket_is_in_odoo_once_and_closes_here_when_it_is_closed_there(office: Office) -> None:
    born = await office.open(subject="路由器无法联网", priority="high")
    task = await office.task(born)
    assert (task["name"], task["state"], task["priority"]) == ("路由器无法联网", "01_in_progress", "1")
    assert task["partner_id"]
    await office.change(born["id"], priority="urgent")
    await office.until(born["id"], in_sync, "the change never reached Odoo")
    assert ((await office.task(born))["priority"], await office.tasks_of(born)) == ("2", 1)
    await office.write(born, state="1_done")
    closed = await office.learns(born["id"], lambda ticket: ticket["status"] == "closed" and in_sync(ticket), "never closed")
    assert [(one["kind"], one["by"]) for one in closed["history"] if one["field"] == "status"] == [("synced", "erp")]


async def test_two_edits_of_one_field_are_a_question_and_the_answer_is_in_odoo(office: Office) -> None:
    born = await office.open(subject="原来的说法")
    await office.write(born, name="客户的说法")
    await office.change(born["id"], subject="坐席的说法")
    asked = await office.until(born["id"], lambda ticket: bool(ticket["conflicts"]), "no conflict")
    (conflict,) = asked["conflicts"]
    assert (conflict["base"], conflict["ours"]["value"], conflict["theirs"]["value"]) == (
        "原来的说法",
        "坐席的说法",
        "客户的说法",
    )
    assert (await office.task(born))["name"] == "客户的说法"
    decided = await office.house.client.post(f"/v1/reviews/{conflict['review_id']}/decide", json={"pick": "ours"})
    assert (decided.status_code, decided.json().get("state")) == (200, "settled"), decided.text
    await office.until(born["id"], in_sync, "the answer never reached Odoo")
    assert (await office.task(born))["name"] == "坐席的说法"


async def test_a_due_time_set_here_stands_in_odoo_and_one_moved_there_holds_here(office: Office) -> None:
    born = await office.open(subject="何时修好", category="产品质量")
    promised = due(born)
    assert promised is not None
    assert (await office.task(born))["date_deadline"] == there(promised)
    await office.change(born["id"], due_at=NEXT_WEEK.isoformat())
    await office.until_there(born, date_deadline=there(NEXT_WEEK))
    await office.until(born["id"], in_sync, "the due time never reached Odoo")

    await office.write(born, date_deadline=there(LATER))
    moved = await office.learns(born["id"], lambda ticket: due(ticket) == LATER and in_sync(ticket), "never moved")
    assert [(one["kind"], one["by"]) for one in moved["history"] if one["field"] == "due_at"] == [
        ("synced", "erp"),
        ("changed", "demo"),
    ]
    await office.change(born["id"], priority="urgent")
    await office.until_there(born, priority="2", date_deadline=there(LATER))

    await office.write(born, date_deadline=False)
    freed = await office.learns(born["id"], lambda ticket: due(ticket) not in {None, LATER}, "the promise never held again")
    as_promised = due(freed)
    assert as_promised is not None
    assert as_promised < promised, "urgent tickets are promised sooner"
    await office.until_there(born, date_deadline=there(as_promised))
    assert (freed["conflicts"], freed["category"]) == ([], "产品质量")


async def test_of_two_due_times_the_newest_holds_on_both_sides(office: Office) -> None:
    born = await office.open(subject="两边都改了期限")
    await office.write(born, date_deadline=there(NEXT_WEEK))
    office.house.clock.forward(timedelta(minutes=1))
    await office.change(born["id"], due_at=LATER.isoformat())
    await office.until_there(born, date_deadline=there(LATER))
    settled = await office.until(born["id"], in_sync, "the newest never reached Odoo")
    assert (due(settled), settled["conflicts"]) == (LATER, [])


async def test_a_rule_of_odoo_tells_what_was_changed_there_at_once(office: Office) -> None:
    born = await office.open(subject="由规则告知", priority="high")
    async with office.told_by_a_rule():
        await office.write(born, date_deadline=there(LATER), priority="3")
        told = await office.until(born["id"], lambda ticket: due(ticket) == LATER, "the rule never told")
        assert told["priority"] == "urgent"
        await office.write(born, state="1_done")
        closed = await office.until(born["id"], lambda ticket: ticket["status"] == "closed", "never closed")
    assert {one["by"] for one in closed["history"] if one["kind"] == "synced"} == {"erp"}
    kept = await office.house.rows("SELECT count(*) FROM inbox WHERE dedupe_key LIKE 'event:%'")
    assert kept == [(2,)], "Odoo tells of one change as often as it likes, and waits for our answer each time"
