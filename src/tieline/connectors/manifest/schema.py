"""What a connector.yaml may say: the schema of the file, with nothing run and nothing guessed."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from tieline.connectors.contract import CAPABILITIES
from tieline.connectors.manifest.answers import AnswerPath, Columns, Items, OutcomeRow, ResultPaths
from tieline.connectors.manifest.auth import NoAuth, Scheme
from tieline.connectors.manifest.paging import Pages
from tieline.connectors.manifest.part import AnswerKind, Part, Template, Word
from tieline.connectors.manifest.requests import Request
from tieline.connectors.manifest.stream import Arrivals
from tieline.connectors.manifest.writes import Idempotency, Lock, LookBack

Category = Literal["crm", "erp", "helpdesk", "pbx", "messaging"]
FieldType = Literal["url", "text", "int", "bool", "choice", "timezone", "country"]


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


class Operation(Part):
    """One capability: the request that carries it out and where its answer lies.

    `nested_json`: paths whose text holds JSON, which is read before anything is judged. `cap`: the number of records at which
    the vendor cuts an answer off without a word. `confirm`: a read that must bear the write out, where a yes proves nothing.
    """

    request: Request
    answer: AnswerKind = "auto"
    nested_json: tuple[AnswerPath, ...] = ()
    records: AnswerPath = "body"
    columns: Columns | None = None
    cap: Annotated[int, Field(ge=1)] | None = None
    pages: Pages | None = None
    result: ResultPaths = ResultPaths()
    items: Items | None = None
    idempotency: Idempotency | None = None
    lock: Lock | None = None
    confirm: LookBack | None = None
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
    auth: Scheme = (NoAuth(),)
    auths: dict[Word, Scheme] = Field(default_factory=dict)
    limits: Limits = Limits()
    operations: dict[str, Operation] = Field(default_factory=dict)
    outcomes: tuple[OutcomeRow, ...] = ()
    nested_json: tuple[AnswerPath, ...] = ()
    inbound: Arrivals | None = None

    @property
    def schemes(self) -> Mapping[str, Scheme]:
        """Every scheme by the name a request chooses it by; `auth` is what the others carry."""
        return {"auth": self.auth, **self.auths}

    @property
    def secrets(self) -> Mapping[str, ConfigField]:
        """The fields whose values are never shown."""
        return {name: field for name, field in self.config.items() if field.secret}

    def is_write(self, operation: str) -> bool:
        """Say whether the operation changes something at the vendor."""
        return CAPABILITIES[operation].writes
