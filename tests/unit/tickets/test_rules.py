"""Assignment, going on with an open ticket, what a change makes of a ticket, and what a caller may hear of it."""

from datetime import UTC, datetime, timedelta
from typing import Any, get_args
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from tieline.domain.agent import Agent
from tieline.domain.customer import Tier
from tieline.domain.match_reasons import Language
from tieline.domain.ticket import TicketStatus
from tieline.domain.ticket_assignment import AssignmentRow, Subject, assign
from tieline.domain.ticket_calendar import WorkingCalendar
from tieline.domain.ticket_change import Change, Promise, change
from tieline.domain.ticket_hub import HubTicket, Stamp
from tieline.domain.ticket_progress import WORDS, Progress, progress_text
from tieline.domain.ticket_reuse import Topic, reusable
from tieline.domain.ticket_sla import SlaPolicy, Target

NOW = datetime(2026, 11, 26, 2, tzinfo=UTC)  # ten in the morning in Shanghai
SHANGHAI = ZoneInfo("Asia/Shanghai")
PROMISE = Promise(SlaPolicy({"normal": Target(60, 240), "urgent": Target(15, 60)}, {}), WorkingCalendar(SHANGHAI))
AGENTS = (
    Agent(id="1001", name="Li", team="support"),
    Agent(id="1002", name="Wang", team="support"),
    Agent(id="2001", name="Chen", team="support", role="senior"),
)
ROWS = (
    AssignmentRow(category="投诉", role="senior"),
    AssignmentRow(tier="high_value", agent="1002"),
    AssignmentRow(category="发票", team="billing"),
    AssignmentRow(team="support"),
)


def ticket(**fields: Any) -> HubTicket:  # noqa: ANN401 - any field
    given = {
        "id": UUID(int=7), "number": 7, "subject": "滤芯异响", "source": "call", "created_by": "agent:1001", "created_at": NOW,
        "updated_at": NOW, "sla_running_since": NOW, "due_at": NOW + timedelta(hours=4), **fields,
    }  # fmt: skip
    return HubTicket.model_validate(given)


@pytest.mark.parametrize(
    ("category", "tier", "load", "chosen"),
    [
        pytest.param("投诉", None, {}, "2001", id="by category and role"),
        pytest.param("物流", "high_value", {"1002": 99}, "1002", id="by tier, however busy"),
        pytest.param("物流", None, {"1001": 3, "1002": 2, "2001": 5}, "1002", id="least to do"),
        pytest.param("物流", None, {}, "1001", id="equal loads"),
        pytest.param("发票", None, {}, "1001", id="a row that names nobody is passed over"),
    ],
)
def test_the_first_row_that_fits_names_who_gets_it(category: str, tier: Tier | None, load: dict[str, int], chosen: str) -> None:
    assert assign(ROWS, Subject(category, tier, "normal"), AGENTS, load=load) == chosen


def test_without_a_fitting_row_nobody_is_assigned() -> None:
    assert assign((AssignmentRow(category="投诉", role="senior"),), Subject("物流", None, "normal"), AGENTS, load={}) is None
    assert assign((AssignmentRow(),), Subject("物流", None, "normal"), AGENTS, load={}) is None


@pytest.mark.parametrize(
    ("fields", "topic", "goes_on"),
    [
        pytest.param({}, Topic(None, None), True, id="same matter"),
        pytest.param({"category": "物流"}, Topic("物流", None), True, id="same category"),
        pytest.param({"category": "物流"}, Topic("发票", None), False, id="another category"),
        pytest.param({"order_number": "SO-1"}, Topic(None, "SO-2"), False, id="another order"),
        pytest.param({"status": "closed"}, Topic(None, None), False, id="closed"),
        pytest.param({"updated_at": NOW - timedelta(hours=25)}, Topic(None, None), False, id="too long ago"),
    ],
)
def test_a_repeat_caller_goes_on_with_the_open_ticket(fields: dict[str, Any], topic: Topic, *, goes_on: bool) -> None:
    found = reusable([ticket(**fields)], topic, now=NOW, within=timedelta(hours=24))
    assert (found is not None) == goes_on


def test_of_several_the_one_last_changed_is_gone_on_with() -> None:
    older, newer = ticket(number=1), ticket(number=2, updated_at=NOW + timedelta(minutes=1))
    assert reusable([older, newer], Topic(None, None), now=NOW, within=timedelta(hours=24)) is newer


def test_a_change_counts_the_version_and_notes_who() -> None:
    changed = change(
        ticket(), Change({"priority": "urgent", "subject": "滤芯异响"}, "agent:1002", NOW + timedelta(minutes=5)), PROMISE
    )
    assert changed.fields == {"priority": ("normal", "urgent")}
    assert changed.ticket.version == 2
    assert changed.ticket.stamps == {"priority": Stamp(by="agent:1002", at=NOW + timedelta(minutes=5))}
    assert changed.ticket.due_at == NOW + timedelta(hours=1)


def test_nothing_different_is_no_change() -> None:
    same = ticket()
    assert change(same, Change({"status": "new", "tags": ()}, "agent:1002", NOW), PROMISE).ticket is same


def test_waiting_stops_the_clock_and_reopening_starts_it_again() -> None:
    waiting = _then(ticket(), "pending_customer", hours=1)
    assert (waiting.due_at, waiting.sla_spent_s, waiting.responded_at) == (None, 3600, NOW + timedelta(hours=1))
    closed = _then(waiting, "closed", hours=2)
    assert (closed.closed_at, closed.resolved_at, closed.reopened) == (NOW + timedelta(hours=2), NOW + timedelta(hours=2), 0)
    again = _then(closed, "reopened", hours=3)
    assert (again.closed_at, again.resolved_at, again.reopened) == (None, None, 1)
    assert again.due_at == NOW + timedelta(hours=6)


def test_a_solved_ticket_that_is_closed_was_solved_before() -> None:
    closed = _then(_then(ticket(), "resolved", hours=1), "closed", hours=2)
    assert (closed.resolved_at, closed.closed_at) == (NOW + timedelta(hours=1), NOW + timedelta(hours=2))


def told(status: TicketStatus, due: datetime | None = None, *, language: Language, waits: bool = False) -> str:
    return progress_text(Progress("T-7", status, due, waits=waits), language=language, zone=SHANGHAI)


def test_progress_is_told_in_two_languages_for_every_status() -> None:
    due = NOW + timedelta(hours=8)
    assert told("in_progress", due, language="zh") == "您的工单 T-7 正在处理。预计 11月26日 18:00 前有结果。"
    assert told("closed", language="en") == "Your ticket T-7 is closed."
    assert told("closed", due, language="en") == "Your ticket T-7 is closed.", "no moment is promised for what is over"
    assert set(WORDS) == set(get_args(TicketStatus))
    for language in get_args(Language):
        assert len({told(status, language=language) for status in WORDS}) == len(WORDS), "each status has words of its own"


@pytest.mark.parametrize("status", get_args(TicketStatus))
def test_what_waits_for_another_system_is_said_to_wait(status: TicketStatus) -> None:
    assert told(status, language="zh", waits=True).endswith("部分信息还在等待另一个系统确认，无需您再次来电。")
    assert told(status, language="en", waits=True).endswith(
        "Part of it still waits for another system to confirm; you need not call again for that."
    )


def _then(before: HubTicket, status: str, *, hours: int) -> HubTicket:
    return change(before, Change({"status": status}, "agent:1001", NOW + timedelta(hours=hours)), PROMISE).ticket
