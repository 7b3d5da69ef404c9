"""The company's ticket rules as written, and the public holidays as announced."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from tieline.domain.ticket_merge import FieldRule
from tieline.services.tickets.holidays import public_holidays
from tieline.services.tickets.policy import policy_of
from tieline.services.tickets.policy_file import TicketsEntry

# The totals the notices themselves state: days off, and weekend days worked.
STATED = {2024: (1 + 8 + 3 + 5 + 1 + 3 + 7, 8), 2025: (1 + 8 + 3 + 5 + 3 + 8, 5), 2026: (3 + 9 + 3 + 5 + 3 + 3 + 7, 6)}


@pytest.mark.parametrize("year", STATED)
def test_the_file_has_as_many_days_as_the_notice_says(year: int) -> None:
    found = public_holidays("CN")
    off = [day for day in found.off if day.year == year]
    worked = [day for day in found.worked if day.year == year]
    assert (len(off), len(worked)) == STATED[year]


def test_what_is_worked_is_a_weekend_and_no_holiday() -> None:
    found = public_holidays("CN")
    assert all(day.weekday() >= 5 for day in found.worked)
    assert not found.off & found.worked
    assert found.known_until == date(2026, 12, 31)


@pytest.mark.parametrize(
    ("day", "open_"),
    [
        ("2026-02-14", True),
        ("2026-02-16", False),
        ("2026-10-10", True),
        ("2026-10-07", False),
        ("2026-11-28", False),
        ("2026-11-27", True),
    ],
)
def test_the_usual_calendar_keeps_them(day: str, *, open_: bool) -> None:
    calendar = policy_of(None).promise.calendar
    assert calendar.is_open(datetime.fromisoformat(f"{day}T10:00+08:00")) == open_


def test_a_company_has_days_and_hours_of_its_own() -> None:
    calendar = policy_of(
        {"calendar": {"hours": {"mon-sun": ["08:00-24:00"]}, "closed": ["2026-11-28"], "open": ["2026-10-01"]}}
    ).promise.calendar
    asked = {"2026-11-29T23:30+08:00": True, "2026-11-28T12:00+08:00": False, "2026-10-01T09:00+08:00": True}
    assert {text: calendar.is_open(datetime.fromisoformat(text)) for text in asked} == asked


def test_field_rules_and_assignment_are_read() -> None:
    policy = policy_of(
        {"fields": {"assignee": "helpdesk", "subject": "newest"}, "assignment": [{"tier": "high_value", "role": "senior"}]}
    )
    assert (policy.rules["assignee"], policy.rules["subject"]) == (FieldRule("source", "helpdesk"), FieldRule("newest"))
    assert (policy.rules["description"], policy.assignment[0].role) == (FieldRule("person"), "senior")
    assert policy.reuse_within == timedelta(hours=24)


@pytest.mark.parametrize(
    "wrong",
    [
        {"calendar": {"zone": "Mars/Olympus"}},
        {"calendar": {"hours": {"mon-fri": ["18:00-09:00"]}}},
        {"calendar": {"hours": {"fri-mon": ["09:00-18:00"]}}},
        {"assignment": [{"category": "投诉"}]},
        {"sla": {"urgent": {"first_response_min": 0, "resolve_min": 1}}},
        {"fields": {"version": "newest"}},
    ],
)
def test_what_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        TicketsEntry.model_validate(wrong)
