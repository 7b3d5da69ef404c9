"""A recorded exchange: `examples/*.yaml` prove offline what a connector sends and what it makes of the answer."""

from base64 import b64decode
from typing import Annotated, Any, Literal, Self

from pydantic import AwareDatetime, Field, field_validator, model_validator

from tieline.connectors.contract import MOMENTS, Outcome
from tieline.connectors.language.moments import moment_of
from tieline.connectors.manifest.part import Part
from tieline.connectors.manifest.stream import StreamKind

Scalars = dict[str, str | int | bool]


class Chance(Part):
    """What is chance elsewhere and fixed in an example: the moment `at` which it runs, and the `nonce` it is signed with."""

    at: AwareDatetime | None = None
    nonce: Annotated[str, Field(min_length=1, max_length=200)] = "0123456789abcdef0123456789abcdef"


class RecordedRequest(Part):
    """Exactly what goes out. Headers the transport writes itself (host, length, user agent, encodings) are not listed."""

    method: str
    url: str
    headers: dict[str, str] = Field(default_factory=dict)
    body: str = ""


class RecordedResponse(Part):
    """What came back: the body as text, or as `json` where its spelling does not matter."""

    status: Annotated[int, Field(ge=100, le=599)] = 200
    headers: dict[str, str] = Field(default_factory=dict)
    body: str | None = None
    json_: Annotated[Any, Field(alias="json")] = None

    @model_validator(mode="after")
    def _one_body(self) -> Self:
        if self.body is not None and self.json_ is not None:
            raise ValueError("a response has one body: body (text) or json")
        return self


class Exchange(Part):
    """One request and its answer; an operation with paging or sign-in has several, in order."""

    request: RecordedRequest
    response: RecordedResponse


class OperationExample(Chance):
    """An operation, its inputs and every exchange. `in.phone` is text, best in E.164.

    A failure is told by its `outcome`, or by the `error` code where no answer was judged (`upstream_bad_answer`). With
    `read_back` the write is not carried out but looked for.
    """

    operation: str
    read_back: bool = False
    title: str = ""
    config: Scalars = Field(default_factory=dict)
    secrets: dict[str, str] = Field(default_factory=dict)
    in_: Annotated[dict[str, Any], Field(alias="in")] = Field(default_factory=dict)
    exchanges: Annotated[tuple[Exchange, ...], Field(min_length=1)]
    outcome: Outcome = "ok"
    error: str | None = None
    wait_s: float | None = None
    records: tuple[Any, ...] | None = None
    mapped: tuple[dict[str, Any], ...] | None = None
    result: dict[str, str] | None = None
    truncated: bool = False

    @field_validator("in_")
    @classmethod
    def _has_moments(cls, given: dict[str, Any]) -> dict[str, Any]:
        return {name: moment_of(value) if name in MOMENTS else value for name, value in given.items()}


class ReceivedRequest(Part):
    """What the vendor or PBX sent: `query` as names and values, or as it stood in the address; bytes that are no text in base64.

    `url` is the whole address as the sender called it, where that is signed.
    """

    method: Literal["GET", "POST", "OPTIONS"] = "POST"
    headers: dict[str, str] = Field(default_factory=dict)
    query: dict[str, str] | str = Field(default_factory=dict)
    path_tail: str = ""
    url: str = ""
    peer: str = ""
    content_type: str = "application/json"
    body: str = ""
    body_base64: str | None = None

    @property
    def raw_body(self) -> bytes:
        """The body's bytes."""
        return self.body.encode() if self.body_base64 is None else b64decode(self.body_base64)


class ReceivedReply(Part):
    """What the sender is told; only what is written is compared."""

    status: int = 202
    content_type: str = ""
    body: str = ""
    headers: dict[str, str] = Field(default_factory=dict)


class IntakeExample(Chance):
    """Something that arrives, the events it means and the reply. `refused` names the reason when it is turned away.

    A signature ages by `at`; a sealed reply begins with the first bytes of `nonce`.
    `challenge`: it only asks whether the address is ours. `faults` and `skipped`: what of it is of no use, or of no interest.
    """

    intake: Literal["call", "event"]
    title: str = ""
    config: Scalars = Field(default_factory=dict)
    secrets: dict[str, str] = Field(default_factory=dict)
    request: ReceivedRequest
    events: tuple[dict[str, Any], ...] = ()
    faults: tuple[str, ...] | None = None
    skipped: int | None = None
    dedupe_key: str | None = None
    refused: str | None = None
    challenge: bool = False
    reply_status: int = 202
    reply: ReceivedReply | None = None


class StreamExample(Chance):
    """What an exchange said over a stream, message by message, and the events it means all in all."""

    stream: StreamKind
    title: str = ""
    config: Scalars = Field(default_factory=dict)
    secrets: dict[str, str] = Field(default_factory=dict)
    messages: Annotated[tuple[dict[str, Any], ...], Field(min_length=1)]
    events: tuple[dict[str, Any], ...] = ()
