"""What happened in another system, in one shape: a ticket changed, an order was shipped, a message was delivered.

Calls have an event of their own (`domain/call.py`), because their state is told anew from all their events. These speak of
records: the newest word about one object counts, whatever order the words arrive in.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from tieline.domain.call import Identifier
from tieline.domain.instants import Instant

EventObject = Literal[
    "ticket", "comment", "customer", "order", "invoice", "contract", "feedback", "message", "recording", "agent"
]
EVENT_KINDS: Final[Mapping[str, EventObject]] = {
    "ticket.created": "ticket",
    "ticket.changed": "ticket",
    "ticket.deleted": "ticket",
    "ticket.commented": "comment",
    "customer.created": "customer",
    "customer.changed": "customer",
    "customer.deleted": "customer",
    "order.created": "order",
    "order.changed": "order",
    "order.status_changed": "order",
    "invoice.changed": "invoice",
    "contract.changed": "contract",
    "contract.expiring": "contract",
    "feedback.received": "feedback",
    "message.received": "message",
    "message.status": "message",
    "recording.ready": "recording",
    "agent.changed": "agent",
    "agent.state_changed": "agent",
}
"""Every kind of event a connector may emit, and the kind of object `external_id` names. A new kind is a new row here."""

_DIGITS: Final = 24
_FRACTION: Final = 6
LONGEST_VERSION: Final = 100


def event_kind(text: str) -> str:
    """Accept a kind of event. Raises: ValueError: there is none of this name."""
    if text not in EVENT_KINDS:
        message = f"there is no event {text[:60]!r}; there are {', '.join(EVENT_KINDS)}"
        raise ValueError(message)
    return text


EventKind = Annotated[str, AfterValidator(event_kind)]
Version = Annotated[str, Field(min_length=1, max_length=LONGEST_VERSION, pattern=r"^[^\x00-\x1f\x7f]+$")]


class Event(BaseModel):
    """One event about one object.

    `version` sorts as plain text (by code point): of two events about one object the greater is the newer, see `supersedes`.
    `refetch`: the event only names the object, so that what it says must be read from the system. `record` is the vendor's own
    object, for the mapping. `dedupe_key` is what repetitions of this event share; None: nothing tells a repetition from a
    second event that reads the same.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: EventKind
    external_id: Identifier | None = None
    occurred_at: Instant | None = None
    version: Version | None = None
    dedupe_key: Identifier | None = None
    refetch: bool = False
    record: dict[str, Any] | None = None
    fields: dict[str, str | int | float | bool | None] = Field(default_factory=dict, max_length=50)

    @model_validator(mode="after")
    def _names_what_to_read(self) -> Self:
        if self.refetch and self.external_id is None:
            raise ValueError("what is to be read again must be named")
        return self

    @property
    def object(self) -> EventObject:
        """The kind of object it is about."""
        return EVENT_KINDS[self.kind]


def version_of(value: object) -> str | None:
    """Write a number, an instant or text so that the newer sorts after the older; None: it cannot be ordered.

    Numbers get leading zeros, because 10 is newer than 9; an instant is written in UTC to the microsecond. Negative numbers and
    those beyond 24 digits are no versions.
    """
    match value:
        case bool() | None:
            return None
        case datetime():
            return value.astimezone(UTC).isoformat(timespec="microseconds") if value.tzinfo else None
        case int() | float() | Decimal():
            return _number(str(value))
        case str() if value.strip() and len(value.strip()) <= LONGEST_VERSION and value.strip().isprintable():
            return value.strip()
        case _:
            return None


def numbered(text: str) -> str | None:
    """Write a number that came as text as a version. None: it is no number."""
    return _number(text.strip())


def _number(text: str) -> str | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    if not number.is_finite() or number < 0 or number >= 10**_DIGITS:
        return None
    return f"{number:0{_DIGITS + 1 + _FRACTION}.{_FRACTION}f}"


def order_key(event: Event) -> str | None:
    """Return what says how new the event is: its version, else the instant it happened; None: it does not say."""
    return event.version or version_of(event.occurred_at)


def supersedes(event: Event, known: str | None) -> bool:
    """Say whether the event is news for who knows its object as of `known` (an `order_key`). What cannot be compared is news.

    Equal is no news: it is the same word once more.
    """
    key = order_key(event)
    return known is None or key is None or key > known
