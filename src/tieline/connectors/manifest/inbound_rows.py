"""How a manifest says which event something that arrived is: rows of conditions, tried in order, each with the fields to draw."""

from collections.abc import Iterator
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from tieline.connectors.language.conditions import paths_in
from tieline.connectors.manifest.inbound_sources import FieldSource, RequestConditions, RequestPath, paths_of
from tieline.connectors.manifest.part import Part, Word
from tieline.domain.call import CallEvent, CallEventType
from tieline.domain.event import EventKind, event_kind

CALL_FIELDS: Final = frozenset(field.alias or name for name, field in CallEvent.model_fields.items()) - {"type", "data"}
NOTHING: Final = "nothing"


def _kind_or_nothing(text: str) -> str:
    return text if text == NOTHING else event_kind(text)


class CallRow(Part):
    """When all conditions hold, this event is emitted; with `each`, once for every item of a list, read as `item`.

    `data` is carried along with the event untouched. `emit: nothing` is for what is known and of no interest.
    """

    when: RequestConditions = Field(default_factory=dict)
    emit: CallEventType | Literal["nothing"]
    each: RequestPath | None = None
    fields: dict[str, FieldSource] = Field(default_factory=dict)
    data: dict[str, FieldSource] = Field(default_factory=dict, max_length=50)

    @model_validator(mode="after")
    def _known_fields(self) -> Self:
        unknown = sorted(set(self.fields) - CALL_FIELDS)
        if unknown:
            message = f"{unknown[0]!r} is not a field of a call event; there are {', '.join(sorted(CALL_FIELDS))}"
            raise ValueError(message)
        if self.emit != NOTHING and "call_id" not in self.fields:
            raise ValueError("an event needs call_id")
        return self


class EventRow(Part):
    """The same for events about records. `id` names the object; `record` is where the vendor's own object stands in what arrived.

    `refetch`: what arrived only says that something changed; the object is read through the connection. `version` or
    `occurred_at` tell the newer of two events. `dedupe` lists what only a repetition of the same event shares; without it:
    object, version and instant.
    """

    when: RequestConditions = Field(default_factory=dict)
    emit: Annotated[EventKind | Literal["nothing"], AfterValidator(_kind_or_nothing)]
    each: RequestPath | None = None
    id: FieldSource | None = None
    occurred_at: FieldSource | None = None
    version: FieldSource | None = None
    dedupe: tuple[RequestPath, ...] = ()
    record: RequestPath | None = None
    refetch: bool = False
    fields: dict[Word, FieldSource] = Field(default_factory=dict, max_length=50)

    @model_validator(mode="after")
    def _tells_something(self) -> Self:
        if self.emit == NOTHING:
            return self
        if self.refetch and self.id is None:
            raise ValueError("what is to be read again must be named by id")
        if not self.refetch and self.record is None and not self.fields:
            raise ValueError("an event needs record, fields or refetch: true, or it says nothing")
        return self


def row_paths(row: CallRow | EventRow) -> Iterator[RequestPath]:
    """Yield every path a row reads."""
    yield from paths_in(row.when)
    yield from (row.each,) if row.each else ()
    sources: list[object] = [*row.fields.values()]
    if isinstance(row, CallRow):
        sources += row.data.values()
    else:
        sources += (row.id, row.occurred_at, row.version, *row.dedupe, row.record)
    for source in sources:
        yield from paths_of(source)
