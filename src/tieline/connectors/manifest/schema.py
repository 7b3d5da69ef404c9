"""What a connector.yaml may say: the schema of the file, with nothing run and nothing guessed."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from tieline.connectors.contract import CAPABILITIES, Outcome
from tieline.connectors.language.conditions import check_conditions
from tieline.connectors.language.paths import parse
from tieline.connectors.manifest.auth import Auth, NoAuth
from tieline.connectors.manifest.part import AnswerKind, Part, Template, Word
from tieline.connectors.manifest.stream import Arrivals

Category = Literal["crm", "erp", "helpdesk", "pbx", "messaging"]
FieldType = Literal["url", "text", "int", "bool", "choice", "timezone", "country"]
HEADER_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}")
# What the transport itself writes; a second copy from a file would smuggle or override (behaviour B71).
OWN_HEADERS: Final = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "te", "trailer", "upgrade", "expect"}
)
GUARDED_HEADERS: Final = OWN_HEADERS | {"authorization", "proxy-authorization", "cookie", "accept-encoding"}


def answer_path(text: str) -> str:
    """Accept a path into an answer. Raises: ValueError: another root than status, header, content_type or body."""
    root = parse(text)[0]
    if root not in {"status", "header", "content_type", "body"}:
        message = f"{text[:80]!r} must start with body, header, status or content_type"
        raise ValueError(message)
    return text


def header_name(text: str) -> str:
    """Accept a header an operation may set. Raises: ValueError: not a header name, or one that is not for a file to set."""
    if not HEADER_NAME.fullmatch(text):
        message = f"{text[:40]!r} is not a header name"
        raise ValueError(message)
    if text.lower() in GUARDED_HEADERS:
        message = f"the header {text} is set by the engine; credentials belong under auth:"
        raise ValueError(message)
    return text


AnswerPath = Annotated[str, AfterValidator(answer_path)]
HeaderName = Annotated[str, AfterValidator(header_name)]


class Docs(Part):
    """Where the vendor describes the API, and when we read it."""

    url: str
    read: date


class ConfigField(Part):
    """One field of the administrator's form. A secret is stored sealed and never shown again."""

    title: Annotated[str, Field(min_length=1)]
    type: FieldType = "text"
    description: str = ""
    required: bool = True
    secret: bool = False
    default: str | int | bool | None = None
    choices: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        if (self.type == "choice") != bool(self.choices):
            raise ValueError("choices are given exactly when the type is choice")
        if self.secret and self.default is not None:
            raise ValueError("a secret has no default")
        if self.default is not None and self.type == "choice" and self.default not in self.choices:
            raise ValueError("the default must be one of the choices")
        return self


class Limits(Part):
    """How hard one connection may press on the vendor."""

    per_second: Annotated[float, Field(gt=0, le=10_000, description="Calls a second, on average.")] = 20
    burst: Annotated[int, Field(ge=1, le=10_000, description="Calls at once after a quiet time.")] = 20
    concurrency: Annotated[int, Field(ge=1, le=500, description="Calls in flight.")] = 8
    timeout_ms: Annotated[int, Field(ge=50, le=120_000, description="Milliseconds for one exchange.")] = 2000
    response_bytes: Annotated[int, Field(ge=1024, le=67_108_864, description="Largest answer read, decompressed.")] = 1_048_576


class Request(Part):
    """One request as a tree of values. At most one of json, form and text is its body."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    host: Word = "main"
    path: Annotated[str, Field(pattern=r"^/[^\s?#\\]*$", max_length=2000)] = "/"
    query: dict[str, Any] = Field(default_factory=dict)
    headers: dict[HeaderName, Any] = Field(default_factory=dict)
    json_: Annotated[Any, Field(alias="json")] = None
    form: dict[str, Any] | None = None
    text: str | None = None
    content_type: str | None = None

    @model_validator(mode="after")
    def _one_body(self) -> Self:
        bodies = [body for body in (self.json_, self.form, self.text) if body is not None]
        if len(bodies) > 1:
            raise ValueError("a request has one body: json, form or text")
        if bodies and self.method == "GET":
            raise ValueError("a GET request has no body; write method: POST")
        return self


class Pages(Part):
    """How a long answer continues. Without `more` or `total`, a page shorter than `size` is the last one."""

    kind: Literal["page", "offset", "cursor", "link"]
    param: str | None = None
    first: int | None = None
    size: Annotated[int, Field(ge=1, le=10_000)] | None = None
    size_param: str | None = None
    next: AnswerPath | None = None
    more: AnswerPath | None = None
    total: AnswerPath | None = None
    at_most: Annotated[int, Field(ge=1, le=1000)] = 5

    @model_validator(mode="after")
    def _complete(self) -> Self:
        needed = {"page": ("param",), "offset": ("param", "size"), "cursor": ("param", "next"), "link": ("next",)}[self.kind]
        absent = [name for name in needed if getattr(self, name) is None]
        if absent:
            message = f"paging of the kind {self.kind} needs {' and '.join(absent)}"
            raise ValueError(message)
        return self


class Idempotency(Part):
    """What makes a repeated write harmless: a header or body field that carries our key, or the reason why there is none."""

    header: HeaderName | None = None
    field: str | None = None
    none: Annotated[str, Field(min_length=10)] | None = None

    @model_validator(mode="after")
    def _one_choice(self) -> Self:
        if sum(choice is not None for choice in (self.header, self.field, self.none)) != 1:
            raise ValueError(
                "choose one: header: NAME, field: PATH in the body, or none: the reason why the vendor offers nothing"
            )
        return self


class ResultPaths(Part):
    """Where the answer of a write names what it made. `url` is a path, or a text with ${body.…} and ${config.…} in it."""

    id: AnswerPath | None = None
    url: str | None = None


class Wait(Part):
    """How long the vendor wants to be left alone: a number in `unit` at `from`."""

    from_: Annotated[AnswerPath, Field(alias="from")]
    unit: Literal["s", "ms", "epoch_s"] = "s"


class OutcomeRow(Part):
    """When all conditions hold, this is what the answer means. `message` is for the administrator who tries it, never logged."""

    when: Annotated[dict[AnswerPath, Any], Field(min_length=1), AfterValidator(check_conditions)]
    is_: Annotated[Outcome, Field(alias="is")]
    wait: AnswerPath | Wait | None = None
    message: AnswerPath | None = None


class Operation(Part):
    """One capability: the request that carries it out and where its answer lies."""

    request: Request
    answer: AnswerKind = "auto"
    records: AnswerPath = "body"
    pages: Pages | None = None
    result: ResultPaths = ResultPaths()
    idempotency: Idempotency | None = None
    outcomes: tuple[OutcomeRow, ...] = ()
    timeout_ms: Annotated[int, Field(ge=50, le=120_000)] | None = None


class Manifest(Part):
    """The whole file."""

    schema_: Annotated[Literal[1], Field(alias="schema")]
    id: Word
    name: Annotated[str, Field(min_length=1, max_length=80)]
    category: Category
    docs: Docs | None = None
    config: dict[Word, ConfigField] = Field(default_factory=dict)
    hosts: Annotated[dict[Word, Template], Field(min_length=1)] = Field(default_factory=lambda: {"main": "$config.base_url"})
    auth: Auth = NoAuth()
    limits: Limits = Limits()
    operations: dict[str, Operation] = Field(default_factory=dict)
    outcomes: tuple[OutcomeRow, ...] = ()
    inbound: Arrivals | None = None

    @property
    def secrets(self) -> Mapping[str, ConfigField]:
        """The fields whose values are never shown."""
        return {name: field for name, field in self.config.items() if field.secret}

    def is_write(self, operation: str) -> bool:
        """Say whether the operation changes something at the vendor."""
        return CAPABILITIES[operation].writes
