"""What a connector.yaml may say: the schema of the file, with nothing run and nothing guessed."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Annotated, Literal, Self

from pydantic import Discriminator, Field, Tag, model_validator

from tieline.connectors.contract import CAPABILITIES
from tieline.connectors.manifest.answers import AnswerPath, Columns, Items, OutcomeRow, ResultPaths
from tieline.connectors.manifest.auth import NoAuth, Scheme
from tieline.connectors.manifest.paging import Pages
from tieline.connectors.manifest.part import AnswerKind, Part, Template, Word
from tieline.connectors.manifest.plans import Plan
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


class Tls(Part):
    """Whom the connection trusts, and who it says it is: PEM of fields of the form, which may stay empty.

    `authority`: certificates trusted instead of those everybody trusts. `certificate` and its `key`: for a server that asks.
    """

    authority: Template | None = None
    certificate: Template | None = None
    key: Template | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if (self.certificate is None) != (self.key is None):
            raise ValueError("a certificate and its key belong together")
        if self.authority is None and self.certificate is None:
            raise ValueError("name an authority, or a certificate and its key")
        return self


class Window(Part):
    """At most so many calls in any span of `every_s` seconds; with `per`, of those that share its value (`$in.ticket_id`)."""

    calls: Annotated[int, Field(ge=1, le=1_000_000)]
    every_s: Annotated[float, Field(ge=0.1, le=86_400)]
    per: Template | None = None


class Limits(Part):
    """How hard one connection may press on the vendor. `windows`: what the vendor counts strictly."""

    per_second: Annotated[float, Field(gt=0, le=10_000, description="Calls a second, on average.")] = 20
    burst: Annotated[int, Field(ge=1, le=10_000, description="Calls at once after a quiet time.")] = 20
    concurrency: Annotated[int, Field(ge=1, le=500, description="Calls in flight.")] = 8
    windows: tuple[Window, ...] = ()
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
    limits: tuple[Window, ...] = ()
    timeout_ms: Annotated[int, Field(ge=50, le=120_000)] | None = None


class PartOperation(Operation):
    """One call of a plan, under a name of the file's own. `writes` says that it changes something."""

    writes: bool = False


def _shape(declared: object) -> str:
    """Tell the way an operation is written, so that an error speaks of that way only; no tag is a key of the file."""
    return "in steps" if isinstance(declared, Plan) or (isinstance(declared, dict) and "steps" in declared) else "at once"


Declared = Annotated[Annotated[Operation, Tag("at once")] | Annotated[Plan, Tag("in steps")], Discriminator(_shape)]


class Manifest(Part):
    """The whole file. `speaks`: the versions of the vendor's API it was written for."""

    schema_: Annotated[Literal[1], Field(alias="schema")]
    id: Word
    name: Annotated[str, Field(min_length=1, max_length=80)]
    category: Category
    docs: Docs | None = None
    speaks: tuple[str, ...] = ()
    config: dict[Word, ConfigField] = Field(default_factory=dict)
    hosts: Annotated[dict[Word, Template], Field(min_length=1)] = Field(default_factory=lambda: {"main": "$config.base_url"})
    tls: Tls | None = None
    auth: Scheme = (NoAuth(),)
    auths: dict[Word, Scheme] = Field(default_factory=dict)
    limits: Limits = Limits()
    operations: dict[str, Declared] = Field(default_factory=dict)
    parts: dict[Word, PartOperation] = Field(default_factory=dict)
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
        """Say whether an operation or a part changes something at the vendor."""
        part = self.parts.get(operation)
        return part.writes if part is not None else CAPABILITIES[operation].writes

    def single(self, name: str) -> Operation | None:
        """Return the part or operation of that name that is one request; None: there is none, or it is a plan."""
        declared = self.parts.get(name) or self.operations.get(name)
        return declared if isinstance(declared, Operation) else None

    def declared(self) -> Iterator[tuple[tuple[str, str], Operation | Plan]]:
        """Yield everything that can be carried out, operations and parts, with its place in the file."""
        yield from ((("operations", name), declared) for name, declared in self.operations.items())
        yield from ((("parts", name), part) for name, part in self.parts.items())

    def singles(self) -> Iterator[tuple[str, str, Operation]]:
        """Yield each request there is: the key it stands under (`operations`, `parts`), its name, and itself."""
        yield from ((key, name, declared) for (key, name), declared in self.declared() if isinstance(declared, Operation))
