"""How mapping rows and previews are written in JSON."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError, to_jsonable_python

from tieline.services.gray_mappings import Gray, MappingEntry
from tieline.services.mappings.previews import Preview

_closed = ConfigDict(frozen=True, extra="forbid")
Kind = Annotated[str, Field(min_length=1, max_length=40)]
Rows = Annotated[dict[Annotated[str, Field(min_length=1, max_length=60)], dict[str, Any] | None], Field(max_length=200)]


class WrittenGray(BaseModel):
    """The share of the agents who are served with the rows."""

    model_config = _closed

    percent: Annotated[int, Field(ge=0, le=100)]
    release: Annotated[str | None, Field(pattern=r"^[^\x00-\x1f\x7f]{1,60}$")] = None


class WrittenEntry(BaseModel):
    """The rows of one record kind, laid over the connector's own; null takes a row away."""

    model_config = _closed

    rows: Rows
    gray: WrittenGray | None = None


class WrittenMapping(BaseModel):
    """Rows by record kind: the whole of what is laid over the connector's own rows."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_extra={
            "examples": [{"kinds": {"customer": {"rows": {"tier": {"from": "Tier__c", "values": {"Gold": "high_value"}}}}}}]
        },
    )

    kinds: Annotated[dict[Kind, WrittenEntry], Field(max_length=20)]


class Live(BaseModel):
    """What to ask the real system."""

    model_config = _closed

    operation: Annotated[str, Field(max_length=60, examples=["customer.find"])]
    inputs: Annotated[dict[str, Annotated[str, Field(max_length=500)]], Field(max_length=20)] = Field(default_factory=dict)


class PreviewWish(BaseModel):
    """A record to look at: handed in with its `kind`, of an `example` of the connector, or asked for `live`."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"kind": "customer", "record": {"Id": "003xx", "Tier__c": "Gold"}},
                {"example": "customer.find"},
                {"live": {"operation": "customer.find", "inputs": {"phone": "+8613800138000"}}},
            ]
        },
    )

    kind: Kind | None = None
    record: dict[str, Any] | None = None
    example: Annotated[str | None, Field(max_length=120)] = None
    live: Live | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if sum(source is not None for source in (self.record, self.example, self.live)) != 1:
            raise PydanticCustomError("tieline_field_value", "one of record, example and live")
        if (self.kind is None) == (self.record is not None):
            raise PydanticCustomError("tieline_field_value", "a record comes with its kind")
        return self


class RollBack(BaseModel):
    """Which version."""

    model_config = ConfigDict(frozen=True, extra="forbid", json_schema_extra={"examples": [{"version": 3}]})

    version: Annotated[int, Field(ge=1, le=1_000_000)]


class PreviewedField(BaseModel):
    """What became of one field."""

    model_config = ConfigDict(frozen=True)

    field: str
    path: Annotated[str, Field(description="The path that held something, or all that were tried.")]
    codec: str
    outcome: Literal["read", "default", "absent", "left_out"]
    found: Any
    result: Any
    reason: Annotated[str, Field(description="Why it stayed out, or what of it did.")]
    required: bool


class Previewed(BaseModel):
    """Each record with its fields, in the order of the rows."""

    model_config = ConfigDict(frozen=True)

    kind: str
    records: Sequence[Sequence[PreviewedField]]
    error: Annotated[str | None, Field(description="Why the other system brought nothing, as a code.")] = None


def entries_of(written: WrittenMapping) -> Mapping[str, MappingEntry]:
    """Return rows as the services take them."""
    return {
        kind: MappingEntry(rows=dict(entry.rows), gray=Gray.model_validate(entry.gray.model_dump()) if entry.gray else None)
        for kind, entry in written.kinds.items()
    }


def previewed(found: Preview) -> Previewed:
    """Return a preview as it is shown."""
    records = [
        [
            PreviewedField(
                field=field.row,
                path=field.path,
                codec=field.codec,
                outcome=field.outcome,
                found=to_jsonable_python(field.found),
                result=to_jsonable_python(field.result),
                reason=field.reason,
                required=field.required,
            )
            for field in record
        ]
        for record in found.records
    ]
    return Previewed(kind=found.kind, records=records, error=found.error)
