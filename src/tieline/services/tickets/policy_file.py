"""How a company handles tickets, as the administrator writes it: the section `tickets` of the apply file.

tickets:
  systems: [helpdesk, crm]            # who gets a copy; left out: every source of tickets that can be written to
  categories: [产品质量, 物流, 退款]
  calendar: {zone: Asia/Shanghai, hours: {mon-fri: ["09:00-18:00"]}, holidays: CN}
  sla: {urgent: {first_response_min: 15, resolve_min: 240}}
  sla_by_tier: {high_value: {normal: {first_response_min: 15, resolve_min: 480}}}
  assignment: [{category: 投诉, role: supervisor}, {team: support}]
  fields: {status: newest, assignee: helpdesk, subject: person}
"""

import re
from collections.abc import Mapping
from datetime import date, time
from typing import Annotated, Final, Literal, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from tieline.domain.customer import Tier
from tieline.domain.ticket import TicketPriority
from tieline.domain.ticket_calendar import Span
from tieline.services.tickets.fields import SyncedField

_closed = ConfigDict(frozen=True, extra="forbid")
DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SPAN: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)")


def _zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError("there is no such time zone; write it as Asia/Shanghai")
    return name


def _hours(text: str) -> str:
    found = _SPAN.fullmatch(text)
    if found is None or text[6:] > "24:00" or text[:5] >= text[6:]:
        raise ValueError("opening hours are written 09:00-18:00")
    return text


def _days(text: str) -> str:
    first, dash, last = text.partition("-")
    if first not in DAYS or (dash and (last not in DAYS or DAYS.index(last) < DAYS.index(first))):
        raise ValueError("days are written mon or mon-fri")
    return text


Hours = Annotated[str, AfterValidator(_hours)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,40}$")]
Word = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[^\x00-\x1f\x7f]+$")]
Minutes = Annotated[int, Field(ge=1, le=100_000)]


class TargetEntry(BaseModel):
    """Working minutes until somebody has answered, and until it is solved."""

    model_config = _closed

    first_response_min: Minutes
    resolve_min: Minutes


class CalendarEntry(BaseModel):
    """When people work. `closed` and `open` are days of the company's own, on top of the public ones."""

    model_config = _closed

    zone: Annotated[str, AfterValidator(_zone)] = "Asia/Shanghai"
    hours: dict[Annotated[str, AfterValidator(_days)], tuple[Hours, ...]] = {"mon-fri": ("09:00-18:00",)}
    makeup_hours: tuple[Hours, ...] = ("09:00-18:00",)
    holidays: Literal["CN", "none"] = "CN"
    closed: tuple[date, ...] = ()
    open: tuple[date, ...] = ()


class AssignmentEntry(BaseModel):
    """One row: what it fits, and whom it names."""

    model_config = _closed

    category: Word | None = None
    tier: Tier | None = None
    priority: TicketPriority | None = None
    agent: Word | None = None
    team: Word | None = None
    role: Word | None = None

    @model_validator(mode="after")
    def _names_somebody(self) -> Self:
        if not (self.agent or self.team or self.role):
            raise ValueError("a row names an agent, a team or a role")
        return self


_USUAL: Final[Mapping[TicketPriority, TargetEntry]] = {
    "urgent": TargetEntry(first_response_min=15, resolve_min=240),
    "high": TargetEntry(first_response_min=30, resolve_min=540),
    "normal": TargetEntry(first_response_min=60, resolve_min=1080),
    "low": TargetEntry(first_response_min=240, resolve_min=2700),
}
_USUAL_FIELDS: Final[Mapping[SyncedField, str]] = {
    "status": "newest",
    "priority": "newest",
    "category": "newest",
    "assignee": "newest",
    "tags": "newest",
    "due_at": "newest",
    "order_number": "person",
    "subject": "person",
    "description": "person",
}


class TicketsEntry(BaseModel):
    """The section. `fields`: who is right when both sides changed one: `newest`, `person`, `tieline`, or a connection's name."""

    model_config = _closed

    systems: tuple[Name, ...] | None = None
    categories: tuple[Word, ...] = ()
    calendar: CalendarEntry = CalendarEntry()
    sla: dict[TicketPriority, TargetEntry] = Field(default_factory=lambda: dict(_USUAL))
    sla_by_tier: dict[Tier, dict[TicketPriority, TargetEntry]] = Field(default_factory=dict)
    assignment: tuple[AssignmentEntry, ...] = ()
    fields: dict[SyncedField, Name] = Field(default_factory=dict)
    reuse_within_h: Annotated[int, Field(ge=0, le=720)] = 24

    @property
    def field_rules(self) -> Mapping[SyncedField, str]:
        """Return the rule of every field: the company's own, else the usual one."""
        return {**_USUAL_FIELDS, **self.fields}

    @property
    def connections(self) -> set[str]:
        """Return the connections it names."""
        return {*(self.systems or ()), *(word for word in self.fields.values() if word not in {"newest", "person", "tieline"})}


def spans_of(written: tuple[str, ...]) -> tuple[Span, ...]:
    """Read opening hours; 24:00 is midnight."""
    return tuple((_time(text[:5]), _time(text[6:])) for text in written)


def weekdays_of(written: str) -> range:
    """Read `mon` or `mon-fri`; Monday is 0."""
    first, _, last = written.partition("-")
    return range(DAYS.index(first), DAYS.index(last or first) + 1)


def zone_of(entry: CalendarEntry) -> ZoneInfo:
    """Return the calendar's zone."""
    return ZoneInfo(entry.zone)


def _time(text: str) -> time:
    return time(0) if text.startswith("24") else time.fromisoformat(text)
