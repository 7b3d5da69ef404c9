"""The one file an administrator writes: read, checked, and every complaint with its line."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from tieline.domain.agent import Agent
from tieline.domain.border import Border, Region, Transfer
from tieline.domain.errors import ConfigRefused
from tieline.domain.line import Line
from tieline.kit.yaml_lines import PathKey, YamlRefused, line_of, load_with_lines
from tieline.services.customers.standing_file import CustomersEntry
from tieline.services.gray_mappings import MappingEntry
from tieline.services.linkage.policy_file import AccessEntry
from tieline.services.surveys.policy_file import SurveysEntry
from tieline.services.tickets.policy_file import TicketsEntry
from tieline.services.understanding.policy_file import CausesEntry

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,40}$")]
E164 = Annotated[str, Field(pattern=r"^\+[1-9][0-9]{5,14}$")]
SourceKind = Literal["customer", "order", "ticket", "account", "invoice", "contract"]
_closed = ConfigDict(frozen=True, extra="forbid")


class ConnectionEntry(BaseModel):
    """One connection as written. Secrets are `env:NAME`, `file:PATH` or `plain:…`, never the bare value."""

    model_config = _closed

    connector: Annotated[str, Field(min_length=1, max_length=500)]
    config: dict[str, Any] = Field(default_factory=dict)
    secrets: dict[str, Annotated[str, Field(pattern=r"^(env|file|plain):.+")]] = Field(default_factory=dict)
    paused: bool = False
    region: Region | None = None
    transfer: Transfer | None = None

    @property
    def border(self) -> Border | None:
        """Return where its system keeps data; None: nobody said."""
        return Border(region=self.region, transfer=self.transfer) if self.region is not None else None

    @model_validator(mode="after")
    def _transfers_somewhere(self) -> Self:
        if self.transfer is not None and self.region is None:
            message = "transfer needs the region of the system"
            raise ValueError(message)
        return self


class ApplyFile(BaseModel):
    """The whole file. Section 2 of the public contract shows one."""

    model_config = _closed

    version: Literal[1]
    connections: dict[Name, ConnectionEntry] = Field(default_factory=dict)
    sources: dict[SourceKind, tuple[Name, ...]] = Field(default_factory=dict)
    lines: dict[E164, Line] = Field(default_factory=dict)
    agents: dict[Annotated[str, Field(min_length=1, max_length=64)], Agent] = Field(default_factory=dict)
    mappings: dict[Name, dict[str, MappingEntry]] = Field(default_factory=dict)
    tickets: TicketsEntry | None = None
    surveys: SurveysEntry | None = None
    causes: CausesEntry | None = None
    customers: CustomersEntry | None = None
    access: AccessEntry | None = None
    rules: Annotated[tuple[dict[str, Any], ...], Field(max_length=0)] = ()

    @model_validator(mode="after")
    def _names_exist(self) -> Self:
        known = set(self.connections)
        tickets = self.tickets.connections if self.tickets else set()
        surveys = self.surveys.connections if self.surveys else set()
        told = self.customers.connections if self.customers else set()
        narrowing = self.access.connections if self.access else set()
        named = {
            "sources": self._source_names(),
            "mappings": set(self.mappings),
            "tickets": tickets,
            "surveys": surveys,
            "customers": told,
            "access": narrowing,
        }
        for where, names in named.items():
            if unknown := sorted(names - known):
                message = f"{where} names a connection that is not defined: {', '.join(unknown)}"
                raise ValueError(message)
        return self

    @property
    def policies(self) -> Mapping[str, BaseModel | None]:
        """Return the house rules it holds, by kind."""
        return {
            "tickets": self.tickets,
            "surveys": self.surveys,
            "causes": self.causes,
            "customers": self.customers,
            "access": self.access,
        }

    def _source_names(self) -> set[str]:
        return {name for names in self.sources.values() for name in names}


def read_apply_file(path: Path) -> ApplyFile:
    """Read and check the file. Raises: ConfigRefused: naming file and line."""
    try:
        located = load_with_lines(path)
    except OSError as exc:
        raise ConfigRefused("the file cannot be read", where=str(path)) from exc
    except YamlRefused as exc:
        raise ConfigRefused(exc.problem, where=f"{path}:{exc.line}") from exc
    if not isinstance(located.tree, dict):
        raise ConfigRefused("the file is empty or not a mapping", where=f"{path}:1")
    try:
        return ApplyFile.model_validate(_with_keys(located.tree))
    except ValidationError as exc:
        raise _complaint(path, exc, located.lines) from exc


def _with_keys(tree: Mapping[str, Any]) -> dict[str, Any]:
    """Give each line its number and each agent its id, which the file writes as the key."""
    told = dict(tree)
    for section, field in (("lines", "number"), ("agents", "id")):
        entries = told.get(section)
        if isinstance(entries, dict):
            told[section] = {key: {**entry, field: key} if isinstance(entry, dict) else entry for key, entry in entries.items()}
    return told


def _complaint(path: Path, exc: ValidationError, lines: Mapping[PathKey, int]) -> ConfigRefused:
    first = exc.errors(include_input=False, include_url=False)[0]
    place = tuple(part for part in first["loc"] if part != "[key]")
    named = ".".join(str(part) for part in place) or "the file"
    advice = "rules are not carried out by this version; leave the list empty" if place == ("rules",) else first["msg"]
    return ConfigRefused(f"{named}: {advice}", where=f"{path}:{line_of(lines, place)}")
