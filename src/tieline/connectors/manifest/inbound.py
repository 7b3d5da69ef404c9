"""How a manifest says what a PBX or vendor sends us: what is accepted, how it is verified, which event it means."""

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Discriminator, Field, Tag, model_validator

from tieline.connectors.language.conditions import check_conditions
from tieline.connectors.language.paths import parse
from tieline.connectors.manifest.part import Part, Template
from tieline.domain.call import CallEvent, CallEventType

TimeFormat = str
EVENT_FIELDS = frozenset(field.alias or name for name, field in CallEvent.model_fields.items()) - {"type", "data"}


def request_path(text: str) -> str:
    """Accept a path into what arrived. Raises: ValueError: another root than body, query, header or item."""
    root = parse(text)[0]
    if root not in {"body", "query", "header", "item"}:
        message = f"{text[:80]!r} must start with body, query, header or item"
        raise ValueError(message)
    return text


RequestPath = Annotated[str, AfterValidator(request_path)]


class VerifyNone(Part):
    """Nothing proves the sender; say why that is acceptable."""

    kind: Literal["none"]
    because: Annotated[str, Field(min_length=10)]


class VerifyHeader(Part):
    """A header with a fixed secret."""

    kind: Literal["static_header"]
    header: Annotated[str, Field(pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$")]
    value: Template


class VerifyBasic(Part):
    """User name and password by RFC 7617."""

    kind: Literal["basic"]
    username: Template
    password: Template


class VerifyPath(Part):
    """A secret as the last segment of the URL, for senders that can neither sign nor set a header."""

    kind: Literal["path_secret"]
    value: Template


Verify = Annotated[VerifyNone | VerifyHeader | VerifyBasic | VerifyPath, Field(discriminator="kind")]


class Constant(Part):
    """A fixed value."""

    const: str | int | float | bool


class Drawn(Part):
    """A value found at a path (or the first of several), then translated or read as a time.

    `values` maps what the vendor says to what we say; `"*"` stands for anything else, without it an unknown word is left out.
    `format` reads a time: iso, epoch_s, epoch_ms, epoch_us, or strptime signs (`%Y-%m-%d %H:%M:%S`) together with `zone`.
    """

    from_: Annotated[RequestPath | tuple[RequestPath, ...], Field(alias="from")]
    values: dict[str, str | int | float | bool] | None = None
    format: TimeFormat | None = None
    zone: Template | None = None

    @model_validator(mode="after")
    def _zone_for_format(self) -> Self:
        if self.zone is not None and self.format is None:
            raise ValueError("a zone is only used together with a format")
        if self.format is not None and self.values is not None:
            raise ValueError("a time is not translated by values")
        return self


def _shape(source: object) -> str | None:
    """Tell the way a field is written, so that an error speaks of that way only."""
    match source:
        case str():
            return "path"
        case list() | tuple():
            return "first of"
        case Constant() | {"const": _}:
            return "constant"
        case Drawn() | {"from": _}:
            return "drawn"
        case _:
            return None


FieldSource = Annotated[
    Annotated[RequestPath, Tag("path")]
    | Annotated[tuple[RequestPath, ...], Tag("first of")]
    | Annotated[Constant, Tag("constant")]
    | Annotated[Drawn, Tag("drawn")],
    Discriminator(
        _shape,
        custom_error_type="field_source",
        custom_error_message="write a path, a list of paths, {const: value} or {from: path, values: {…}}",
    ),
]


class EventRow(Part):
    """When all conditions hold, this event is emitted; with `each`, once for every item of a list, read as `item`.

    `data` is carried along with the event untouched.
    """

    when: Annotated[dict[RequestPath, Any], AfterValidator(check_conditions)] = Field(default_factory=dict)
    emit: CallEventType
    each: RequestPath | None = None
    fields: dict[str, FieldSource]
    data: dict[str, FieldSource] = Field(default_factory=dict, max_length=50)

    @model_validator(mode="after")
    def _known_fields(self) -> Self:
        unknown = sorted(set(self.fields) - EVENT_FIELDS)
        if unknown:
            message = f"{unknown[0]!r} is not a field of a call event; there are {', '.join(sorted(EVENT_FIELDS))}"
            raise ValueError(message)
        if "call_id" not in self.fields:
            raise ValueError("an event needs call_id")
        return self


class Reply(Part):
    """What the sender is told once the event is stored."""

    status: Annotated[int, Field(ge=200, le=299)] = 202
    json_: Annotated[Any, Field(alias="json")] = None
    text: str | None = None


class CallIntake(Part):
    """Call events as this vendor sends them."""

    accept: Annotated[tuple[Literal["json", "form"], ...], Field(min_length=1)] = ("json",)
    verify: Verify
    events: Annotated[tuple[EventRow, ...], Field(min_length=1)]
    reply: Reply = Reply()


class Inbound(Part):
    """Everything the vendor may send us."""

    call: CallIntake | None = None
