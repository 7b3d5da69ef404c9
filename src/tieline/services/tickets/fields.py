"""The fields of a ticket that a person may set, and what each may hold."""

from typing import Annotated, Any, Final, Literal

from pydantic import Field, TypeAdapter, ValidationError

from tieline.domain.errors import RequestRefused
from tieline.domain.instants import Instant
from tieline.domain.ticket import TicketPriority, TicketStatus

Subject = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
Text = Annotated[str, Field(max_length=20_000, pattern=r"^[^\x00]*$")]
Word = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[^\x00-\x1f\x7f]+$")]
Tags = Annotated[tuple[Word, ...], Field(max_length=30)]

SyncedField = Literal["subject", "description", "status", "priority", "category", "assignee", "order_number", "tags", "due_at"]
"""The names of `ticket_hub.SYNCED`, for whoever is asked to name one."""

FIELDS: Final[dict[str, TypeAdapter[Any]]] = {
    "subject": TypeAdapter(Subject),
    "description": TypeAdapter(Text | None),
    "status": TypeAdapter(TicketStatus),
    "priority": TypeAdapter(TicketPriority),
    "category": TypeAdapter(Word | None),
    "assignee": TypeAdapter(Word | None),
    "order_number": TypeAdapter(Word | None),
    "tags": TypeAdapter(Tags),
    "due_at": TypeAdapter(Instant | None),
}


def checked(name: str, value: object) -> Any:  # noqa: ANN401 - whatever the field holds
    """Return a value as its field holds it. Raises: RequestRefused: it does not hold such a value."""
    try:
        return FIELDS[name].validate_python(value)
    except ValidationError as exc:
        raise RequestRefused("The field does not hold such a value.", code="field_value") from exc
