"""Working time across nights, weekends, holidays and the days worked in exchange for them; a clock that stands still."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tieline.domain.ticket_calendar import WorkingCalendar
from tieline.domain.ticket_sla import SlaClock, SlaPolicy, Target

SHANGHAI = ZoneInfo("Asia/Shanghai")
# From the notice of 4 November 2025: 1 to 7 October 2026 off, 20 September and 10 October worked.
AUTUMN = WorkingCalendar(
    SHANGHAI,
    holidays=frozenset(date(2026, 10, day) for day in range(1, 8)),
    workdays=frozenset({date(2026, 9, 20), date(2026, 10, 10)}),
)
HOUR = timedelta(hours=1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+08:00")


@pytest.mark.parametrize(
    ("start", "hours", "end"),
    [
        pytest.param("2026-11-26T10:00", 2, "2026-11-26T12:00", id="within a day"),
        pytest.param("2026-11-26T17:00", 2, "2026-11-27T10:00", id="over night"),
        pytest.param("2026-11-27T17:30", 1, "2026-11-30T09:30", id="over a weekend"),
        pytest.param("2026-11-28T12:00", 1, "2026-11-30T10:00", id="from a weekend"),
        pytest.param("2026-09-30T17:00", 2, "2026-10-08T10:00", id="over National Day"),
        pytest.param("2026-10-09T17:00", 2, "2026-10-10T10:00", id="into a Saturday that is worked"),
        pytest.param("2026-09-19T12:00", 9, "2026-09-20T18:00", id="a whole Sunday that is worked"),
        pytest.param("2026-11-26T09:00", 9, "2026-11-26T18:00", id="to closing time exactly"),
    ],
)
def test_working_time_passes_only_while_people_work(start: str, hours: int, end: str) -> None:
    due = AUTUMN.after(at(start), hours * HOUR)
    assert due == at(end)
    assert AUTUMN.between(at(start), due) == hours * HOUR


@given(
    st.integers(0, 50 * 24 * 60).map(lambda minutes: datetime(2026, 9, 1, tzinfo=UTC) + timedelta(minutes=minutes)),
    st.integers(0, 6000),
)
def test_what_is_added_is_what_lies_between(start: datetime, minutes: int) -> None:
    assert AUTUMN.between(start, AUTUMN.after(start, timedelta(minutes=minutes))) == timedelta(minutes=minutes)


def test_the_hour_the_clocks_change_is_not_worked_twice() -> None:
    round_the_clock = WorkingCalendar(ZoneInfo("Europe/Berlin"), hours={day: ((time(0), time(0)),) for day in range(7)})
    start = datetime(2026, 10, 24, 22, tzinfo=UTC)  # midnight before the night of 25 hours
    assert round_the_clock.after(start, 25 * HOUR) == start + 25 * HOUR


def test_open_is_open() -> None:
    asked = {"2026-10-10T10:00": True, "2026-10-01T10:00": False, "2026-11-26T18:00": False, "2026-11-26T09:00": True}
    assert {text: AUTUMN.is_open(at(text)) for text in asked} == asked


def test_a_calendar_without_hours_says_so() -> None:
    with pytest.raises(ValueError, match="too few"):
        WorkingCalendar(SHANGHAI, hours={}).after(at("2026-11-26T10:00"), HOUR)


def test_waiting_for_the_customer_does_not_count() -> None:
    clock = SlaClock.started(at("2026-11-26T10:00"))
    waiting = clock.turned("pending_customer", at("2026-11-26T11:00"), AUTUMN)
    assert (waiting.spent, waiting.due_at(4 * HOUR, AUTUMN)) == (HOUR, None)
    going_on = waiting.turned("in_progress", at("2026-11-26T15:00"), AUTUMN)
    assert going_on.due_at(4 * HOUR, AUTUMN) == at("2026-11-26T18:00")
    assert going_on.turned("in_progress", at("2026-11-26T16:00"), AUTUMN) is going_on


def test_the_tier_has_its_own_promise_and_falls_back_on_the_priority() -> None:
    usual, quick = Target(60, 480), Target(15, 120)
    policy = SlaPolicy({"normal": usual}, {"high_value": {"normal": quick}})
    assert [policy.target("normal", tier) for tier in ("high_value", "regular", None)] == [quick, usual, usual]
    assert policy.target("low", "high_value") is None
