"""One call, and why it did or did not pop."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, ConfigDict, Field

from tieline.api.house import HouseOfRequest
from tieline.api.openapi import problems
from tieline.api.strict_route import StrictRoute
from tieline.security.declarations import permit
from tieline.security.permissions import Caller
from tieline.services import call_records
from tieline.services.seeing import as_seen

router = APIRouter(route_class=StrictRoute, tags=["Calls"])

CallId = Annotated[
    str,
    Path(
        max_length=200,
        description="Any id an exchange uses for the call, or a softphone asked with; a slash in it is written `%2F`.",
        examples=["c-42"],
    ),
]
Reader = Annotated[Caller, permit("calls.read")]
_NONE = problems({404: "There is no such call, or none of yours: `not_found`."})


class ShownLeg(BaseModel):
    """One telephone at one end of the call."""

    model_config = ConfigDict(frozen=True)

    leg_key: str
    agent: str | None
    extension: str | None
    queue: str | None
    kind: str
    state: str
    outcome: str | None
    rang_at: datetime | None
    answered_at: datetime | None
    ended_at: datetime | None
    talk_s: int | None


class ShownCall(BaseModel):
    """One contact with one customer, however many telephones it took. Numbers as the asker may see them."""

    model_config = ConfigDict(frozen=True)

    id: str | None
    call_id: str
    provider: Annotated[str | None, Field(description="The connection that told of it; null if only a softphone asked.")] = None
    direction: str | None = None
    customer_e164: str | None = None
    customer_raw: str | None = None
    withheld: bool = False
    internal: bool = False
    line: str | None = None
    queue: str | None = None
    state: str | None = None
    outcome: str | None = None
    id_quality: str | None = None
    customer_ref: str | None = None
    chosen_by: str | None = None
    identity_level: int = 0
    started_at: datetime | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    talk_s: Annotated[int | None, Field(description="Seconds the customer talked with us.")] = None
    wait_s: Annotated[int | None, Field(description="Seconds until a person answered, or the caller gave up.")] = None
    hangup_cause: str | None = None
    legs: tuple[ShownLeg, ...] = ()


class ShownEvent(BaseModel):
    """One event as it was told. `effect` is what it brought about, or the rule by which it brought about nothing."""

    model_config = ConfigDict(frozen=True)

    type: str
    at: datetime
    received_at: datetime
    effect: str
    leg_id: str | None = None
    agent: str | None = None
    queue: str | None = None
    from_: Annotated[str | None, Field(alias="from")] = None
    to: str | None = None


class ShownPop(BaseModel):
    """One card: when it was promised, shown, acknowledged, taken back, and how the caller was looked up for it."""

    model_config = ConfigDict(frozen=True, extra="allow")

    pop_id: str
    agent: str | None
    state: str
    mode: str
    reason: str | None
    promised_at: datetime
    claimed_at: datetime | None
    shown_at: datetime | None
    acked_at: datetime | None
    acked_by: str | None
    withdrawn_at: datetime | None
    sources: Annotated[list[Mapping[str, Any]], Field(default_factory=list, description="Each system asked: time, outcome.")]
    candidates: Annotated[list[Mapping[str, Any]], Field(default_factory=list, description="Who it might be, with scores.")]
    decided: Annotated[Mapping[str, Any] | None, Field(description="The rule that decided, and what it said.")] = None


class CallTrace(ShownCall):
    """The call, every event with its effect, and every card with its look-up."""

    events: tuple[ShownEvent, ...] = ()
    pops: tuple[ShownPop, ...] = ()


@router.get("/v1/calls/{call_id:path}/trace", operation_id="get_call_trace", summary="Why did it (not) pop?", responses=_NONE)
async def get_trace(call_id: CallId, caller: Reader, house: HouseOfRequest, request: Request) -> CallTrace | ShownCall:
    """Return every step: what the exchange told, what each event brought about, who was asked, what decided, who saw it."""
    if not request.scope["raw_path"].endswith(b"/trace"):
        return await get_call(f"{call_id}/trace", caller, house)  # the slash was part of the id, written %2F
    document = await call_records.story(house.database, call_id, caller=caller)
    return CallTrace.model_validate(_as_seen_by(house, caller, document))


@router.get("/v1/calls/{call_id:path}", operation_id="get_call", summary="Read a call", responses=_NONE)
async def get_call(call_id: CallId, caller: Reader, house: HouseOfRequest) -> ShownCall:
    """Return one call. An agent sees those they took part in."""
    document = await call_records.read(house.database, call_id, caller=caller)
    return ShownCall.model_validate(_as_seen_by(house, caller, document))


def _as_seen_by(house: HouseOfRequest, caller: Caller, document: Mapping[str, Any]) -> dict[str, Any]:
    return as_seen(house.desk, caller, document, shape="call")
