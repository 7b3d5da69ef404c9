"""How a manifest says what makes a write safe: against repetition, against a false yes, against undoing another's change."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from tieline.connectors.manifest.answers import path_from
from tieline.connectors.manifest.headers import HeaderName
from tieline.connectors.manifest.part import Part

RecordPath = Annotated[str, path_from("record")]


class LookBack(Part):
    """A read that tells whether a write has happened. `with` are its inputs, `holds` what a record must have to be the one.

    `holds` compares by characters; `{contains: …}` looks inside a text. Both may refer to what the write was given ($in,
    $record) and, where its answer is at hand, to what it made ($result.id).
    """

    operation: str
    with_: Annotated[dict[str, Any], Field(alias="with", min_length=1)]
    holds: Annotated[dict[RecordPath, Any], Field(min_length=1)]


class ReadBack(LookBack):
    """Reads a write back before it is repeated. `wait_s`: how long the vendor's search may lag behind, in seconds."""

    id: RecordPath | None = None
    wait_s: Annotated[int, Field(ge=0, le=3600)] = 60


class Idempotency(Part):
    """What makes a repeated write harmless, or how a doubtful one is read back, or the reason why there is neither.

    `header` and `field` (a path in the body) carry our key; `client_id` names the input by which the request itself, in path,
    query or body, tells the vendor who it is; `repeatable` says why sending it again changes nothing.
    """

    header: HeaderName | None = None
    field: str | None = None
    client_id: Literal["idempotency_key", "external_id", "call_id"] | None = None
    repeatable: Annotated[str, Field(min_length=10)] | None = None
    read_back: ReadBack | None = None
    none: Annotated[str, Field(min_length=10)] | None = None

    @model_validator(mode="after")
    def _one_choice(self) -> Self:
        if sum(getattr(self, name) is not None for name in type(self).model_fields) != 1:
            raise ValueError(
                "choose one: header: NAME, field: PATH in the body, client_id: INPUT in the request, repeatable: REASON, "
                "read_back: {…}, or none: the reason why the vendor offers nothing"
            )
        return self

    @property
    def keyed(self) -> bool:
        """Whether repeating the request is harmless."""
        return self.none is None and self.read_back is None


class Lock(Part):
    """Sends the version that was read, so that the vendor refuses to overwrite a newer one. Without a version nothing is sent.

    `field` is a path in the body; `beside` are constants set together with it.
    """

    header: HeaderName | None = None
    field: str | None = None
    from_: Annotated[str, Field(alias="from")] = "$in.version?"
    beside: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.header is None) == (self.field is None):
            raise ValueError("a lock travels in a header or in a field of the body: name one of the two")
        return self
