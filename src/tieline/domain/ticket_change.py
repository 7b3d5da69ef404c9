"""What a change makes of a ticket: its fields, its version, the moments that are counted from, and the promise's clock."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from tieline.domain.ticket_calendar import WorkingCalendar
from tieline.domain.ticket_hub import SYNCED, HubTicket, Stamp
from tieline.domain.ticket_sla import SlaPolicy
from tieline.domain.ticket_status import is_over, is_reopening

RESPONSE: Final = frozenset({"in_progress", "pending_customer", "resolved"})
"""Reaching one of these for the first time is an answer to the customer."""


@dataclass(frozen=True, slots=True)
class Promise:
    """What the company promises, and the hours it counts in."""

    sla: SlaPolicy
    calendar: WorkingCalendar


@dataclass(frozen=True, slots=True)
class Change:
    """Who changes what, when. `values` are of the fields in `SYNCED`."""

    values: Mapping[str, Any]
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Changed:
    """The ticket afterwards, and each field's value before and after; none: nothing was different."""

    ticket: HubTicket
    fields: Mapping[str, tuple[Any, Any]]


def change(ticket: HubTicket, wanted: Change, promise: Promise) -> Changed:
    """Apply a change. Values that are there already are no change, and leave who set them alone."""
    fields = {
        name: (getattr(ticket, name), value)
        for name, value in wanted.values.items()
        if name in SYNCED and getattr(ticket, name) != value
    }
    if not fields:
        return Changed(ticket, {})
    after = ticket.model_copy(
        update={
            **{name: value for name, (_, value) in fields.items()},
            "stamps": _stamps(ticket, wanted, fields),
            "version": ticket.version + 1,
            "updated_at": wanted.at,
        }
    )
    if "status" in fields:
        after = _moved(ticket, after, wanted.at, promise)
    return Changed(on_the_clock(after, promise), fields)


def _stamps(ticket: HubTicket, wanted: Change, fields: Mapping[str, Any]) -> dict[str, Stamp]:
    """Return who set what after a change; a due time taken away is nobody's."""
    stamps = {**ticket.stamps, **dict.fromkeys(fields, Stamp(by=wanted.by, at=wanted.at))}
    if "due_at" in fields and wanted.values["due_at"] is None:
        del stamps["due_at"]
    return stamps


def on_the_clock(ticket: HubTicket, promise: Promise) -> HubTicket:
    """Return the ticket with the moments by which something is due, as its priority, tier and clock have it.

    A due time that somebody set stays; to take it away lets the promise's hold again.
    """
    target = promise.sla.target(ticket.priority, ticket.tier)
    if target is None:
        return ticket.model_copy(update={"due_at": ticket.due_at if ticket.due_is_set else None, "response_due_at": None})
    response = ticket.response_due_at
    if ticket.responded_at is None:
        response = promise.calendar.after(ticket.created_at, timedelta(minutes=target.first_response_min))
    reckoned = ticket.clock.due_at(timedelta(minutes=target.resolve_min), promise.calendar)
    due = ticket.due_at if ticket.due_is_set else reckoned
    return ticket.model_copy(update={"due_at": due, "response_due_at": response})


def _moved(before: HubTicket, after: HubTicket, at: datetime, promise: Promise) -> HubTicket:
    clock = before.clock.turned(after.status, at, promise.calendar)
    moments: dict[str, Any] = {"sla_spent_s": int(clock.spent.total_seconds()), "sla_running_since": clock.running_since}
    if before.responded_at is None and after.status in RESPONSE:
        moments["responded_at"] = at
    if is_reopening(before.status, after.status):
        moments |= {"reopened": before.reopened + 1, "resolved_at": None, "closed_at": None}
    elif is_over(after.status):
        moments["resolved_at"] = before.resolved_at or at
        moments["closed_at"] = at if after.status != "resolved" else None
    return after.model_copy(update=moments)
