"""What the agent sees when the phone rings."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from tieline.domain.customer import Link, Tier
from tieline.domain.narrowing import Narrowed
from tieline.domain.phone import NumberKind

MatchState = Literal["known", "maybe", "none", "withheld", "internal"]
PopStatus = Literal["complete", "partial", "stale", "none"]
BlockState = Literal["live", "cached", "stale", "unavailable"]
IdentityLevel = Literal[0, 1, 2, 3]

_frozen = ConfigDict(frozen=True, extra="forbid")


class ShownPhone(BaseModel):
    """The caller's number as shown."""

    model_config = _frozen

    e164: str | None = None
    national: str | None = None
    kind: NumberKind = "unknown"
    country: str | None = None
    extension: str | None = None
    withheld: bool = False


class Match(BaseModel):
    """How sure we are who calls. `confidence` is 0 to 1; `rule` names the rung of the ladder that decided."""

    model_config = _frozen

    state: MatchState
    confidence: float = 0.0
    reason: str = ""
    rule: str = ""
    identity_level: IdentityLevel = 0


class ShownCustomer(BaseModel):
    """The profile, from the system of most trust. `possible` fields wait for a choice."""

    model_config = _frozen

    ref: str
    name: str | None = None
    kind: Literal["person", "organization"] = "person"
    company: str | None = None
    tier: Tier | None = None
    tags: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    language: str | None = None
    region: str | None = None
    city: str | None = None
    address: str | None = None
    birth_date: str | None = None
    id_number: str | None = None
    owner: str | None = None
    note: str | None = None
    churn_risk: str | None = None
    registered_at: datetime | None = None
    links: tuple[Link, ...] = ()


class Candidate(BaseModel):
    """One of several who might be calling; nothing private before the choice."""

    model_config = _frozen

    ref: str
    name: str | None = None
    company: str | None = None
    kind: Literal["person", "organization"] = "person"
    confidence: float
    reason: str
    source: str
    last_contact_at: datetime | None = None


class Block(BaseModel):
    """One system's answer to one question, and how fresh it is. `took_ms` is this source's own time."""

    model_config = _frozen

    state: BlockState
    source: str
    as_of: datetime | None = None
    took_ms: int | None = None
    error: str | None = None
    items: tuple[dict[str, Any], ...] = ()
    truncated: bool = False
    pending: bool = False


class HistoryEntry(BaseModel):
    """Something that happened with this customer or number before."""

    model_config = _frozen

    kind: Literal["call", "ticket", "feedback"]
    at: datetime
    summary: str
    call_id: str | None = None
    agent: str | None = None
    outcome: str | None = None


class Hint(BaseModel):
    """What the agent should know or say, and why."""

    model_config = _frozen

    kind: Literal["script", "banner", "warning", "transfer"]
    text: str
    because: str


class Action(BaseModel):
    """Something the agent may do; a locked one says why."""

    model_config = _frozen

    id: str
    enabled: bool
    because: str | None = None


class ShownCall(BaseModel):
    """Where the call stands. `owner` is false for someone who listens in or was only consulted."""

    model_config = _frozen

    state: Literal["new", "queued", "ringing", "answered", "held", "wrapup", "ended"] = "ringing"
    line_name: str | None = None
    language: str | None = None
    started_at: datetime | None = None
    answered_at: datetime | None = None
    transferred_from: str | None = None
    owner: bool = True


class ScreenPop(BaseModel):
    """The whole answer to "who is calling?". Shape fixed by the public contract, section 3."""

    model_config = _frozen

    pop_id: str
    call_id: str | None = None
    phone: ShownPhone
    match: Match
    status: PopStatus
    customer: ShownCustomer | None = None
    candidates: tuple[Candidate, ...] = ()
    more_candidates: int = 0
    blocks: dict[str, Block] = Field(default_factory=dict)
    history: tuple[HistoryEntry, ...] = ()
    hints: tuple[Hint, ...] = ()
    actions: tuple[Action, ...] = ()
    call: ShownCall | None = None
    line: str | None = None
    queue: str | None = None
    direction: Literal["inbound", "outbound", "internal"] = "inbound"
    mode: Literal["full", "join", "preview"] = "full"
    took_ms: int = 0
    trace: str | None = None
    narrowed: tuple[Narrowed, ...] = ()
