"""How this company handles tickets, ready to be used: who is asked, what is promised, who is right, who gets what."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tieline.domain.ticket import TicketPriority
from tieline.domain.ticket_assignment import AssignmentRow
from tieline.domain.ticket_calendar import WorkingCalendar
from tieline.domain.ticket_change import Promise
from tieline.domain.ticket_merge import FieldRule
from tieline.domain.ticket_sla import SlaPolicy, Target
from tieline.services.tickets.holidays import public_holidays
from tieline.services.tickets.policy_file import (
    CalendarEntry,
    TargetEntry,
    TicketsEntry,
    spans_of,
    weekdays_of,
    zone_of,
)


@dataclass(frozen=True)
class TicketPolicy:
    """The house rules. `systems` None: every source of tickets that can be written to; `categories` empty: any word."""

    systems: tuple[str, ...] | None
    categories: tuple[str, ...]
    promise: Promise
    assignment: tuple[AssignmentRow, ...]
    rules: Mapping[str, FieldRule]
    reuse_within: timedelta

    @property
    def zone(self) -> ZoneInfo:
        """Return the zone moments are told in."""
        return self.promise.calendar.zone


def policy_of(definition: Mapping[str, Any] | None) -> TicketPolicy:
    """Build the policy from what is stored; without anything stored, the usual one."""
    entry = TicketsEntry.model_validate(definition or {})
    by_tier = {tier: _targets(targets) for tier, targets in entry.sla_by_tier.items()}
    return TicketPolicy(
        systems=entry.systems,
        categories=entry.categories,
        promise=Promise(SlaPolicy(_targets(entry.sla), by_tier), calendar_of(entry.calendar)),
        assignment=tuple(AssignmentRow(**row.model_dump()) for row in entry.assignment),
        rules={name: _rule(word) for name, word in entry.field_rules.items()},
        reuse_within=timedelta(hours=entry.reuse_within_h),
    )


def calendar_of(entry: CalendarEntry) -> WorkingCalendar:
    """Join a company's hours and days of its own with the public holidays it keeps."""
    hours = {day: spans_of(written) for days, written in entry.hours.items() for day in weekdays_of(days)}
    off: Iterable[date] = ()
    worked: Iterable[date] = ()
    known_until = None
    if entry.holidays != "none":
        found = public_holidays(entry.holidays)
        off, worked, known_until = found.off, found.worked, found.known_until
    return WorkingCalendar(
        zone_of(entry),
        hours=hours,
        makeup_hours=spans_of(entry.makeup_hours),
        holidays=(frozenset(off) | frozenset(entry.closed)) - frozenset(entry.open),
        workdays=(frozenset(worked) | frozenset(entry.open)) - frozenset(entry.closed),
        known_until=known_until,
    )


def _targets(written: Mapping[TicketPriority, TargetEntry]) -> dict[TicketPriority, Target]:
    return {priority: Target(target.first_response_min, target.resolve_min) for priority, target in written.items()}


def _rule(word: str) -> FieldRule:
    match word:
        case "newest":
            return FieldRule("newest")
        case "person":
            return FieldRule("person")
        case _:
            return FieldRule("source", word)
