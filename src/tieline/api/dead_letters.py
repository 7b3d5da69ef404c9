"""Deliveries that stand still: why, what to do next, and the buttons for it. What they hold is never shown."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field, model_validator

from tieline.api.house import CursorsOfRequest, HouseOfRequest
from tieline.api.ids import id_in
from tieline.api.lists import ListQuery, Page
from tieline.api.openapi import problems
from tieline.api.paging import Pager
from tieline.api.strict_route import StrictRoute
from tieline.domain.dead_letter_advice import next_step
from tieline.domain.delivery import Delivery, DeliveryState, StuckState
from tieline.security.declarations import permit
from tieline.security.permissions import Caller
from tieline.services.delivery import dead_letters
from tieline.services.delivery.dead_letters import REPLAY_PER_S
from tieline.store.dead_letters import STUCK, LetterFilter

router = APIRouter(route_class=StrictRoute, tags=["Operation"])
Reader = Annotated[Caller, permit("deliveries.read")]
Decider = Annotated[Caller, permit("deliveries.decide")]
DeliveryId = Annotated[str, Path(max_length=60, description="The delivery's id.")]
Word = Annotated[str | None, Field(max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")]
_NONE = {404: "There is no such delivery: `not_found`."}
_STATE = {409: "It does not stand still in a way that allows this: `delivery_state`."}
_closed = ConfigDict(frozen=True, extra="forbid")


class LetterQuery(ListQuery):
    """Which deliveries."""

    state: Annotated[
        StuckState | None, Field(description="`dead` given up, `parked` for an administrator, `unknown` in doubt.")
    ] = None
    connection: Word = None
    operation: Annotated[Word, Field(examples=["ticket.create"])] = None
    reason: Annotated[Word, Field(description="The code it stands still with.", examples=["upstream_rejected"])] = None


class ShownLetter(BaseModel):
    """One delivery, without what it holds."""

    model_config = ConfigDict(frozen=True)

    id: str
    connection: str
    operation: str
    object: Annotated[str, Field(description="What of ours it is about.", examples=["ticket:0199…"])]
    state: DeliveryState
    reason: str | None
    next_step: Annotated[str | None, Field(description="What to do about it, in a sentence.")]
    may_exist: Annotated[bool, Field(description="Something may have left whose end nobody heard.")]
    attempts: int
    promised_at: datetime
    state_at: Annotated[datetime, Field(description="Since when it is in this state.")]
    due_at: datetime | None
    external_id: str | None
    external_url: str | None


class ShownAttempt(BaseModel):
    """One exchange with the other system. Without `ended_at` nobody heard how it ended."""

    model_config = ConfigDict(frozen=True)

    purpose: Annotated[str, Field(description="`send`, `repeat` the same, or `look` whether it is there.")]
    worker: str
    started_at: datetime
    ended_at: datetime | None
    outcome: str | None
    kind: str | None


class LetterDetails(ShownLetter):
    """One delivery and every attempt at it."""

    log: Sequence[ShownAttempt]


class LetterSelection(BaseModel):
    """Which of those given up; what is left out does not matter."""

    model_config = _closed

    state: Literal["dead", "parked"] | None = None
    connection: Word = None
    operation: Word = None
    reason: Word = None
    before: Annotated[datetime | None, Field(description="Stuck since before this moment.")] = None


class ReplayWish(BaseModel):
    """Either some ids or a filter. `dry_run` only counts."""

    model_config = ConfigDict(
        **_closed, json_schema_extra={"examples": [{"filter": {"connection": "crm", "state": "dead"}, "dry_run": True}]}
    )

    ids: Annotated[list[str] | None, Field(min_length=1, max_length=1000)] = None
    filter: LetterSelection | None = None
    per_s: Annotated[float, Field(ge=0.1, le=100, description="How many are begun a second.")] = REPLAY_PER_S
    dry_run: bool = False

    @model_validator(mode="after")
    def _one_choice(self) -> "ReplayWish":
        if (self.ids is None) == (self.filter is None):
            raise ValueError("name ids or a filter")
        return self


class ReplayAnswer(BaseModel):
    """What a replay sets going, and in how many seconds the last of it begins."""

    model_config = ConfigDict(frozen=True)

    count: int
    takes_s: float
    dry_run: bool


class Resolution(BaseModel):
    """What a look into the other system showed. `external_id`: the id it has there, if it is there."""

    model_config = ConfigDict(**_closed, json_schema_extra={"examples": [{"outcome": "it_exists", "external_id": "4711"}]})

    outcome: Literal["it_exists", "it_does_not_exist"]
    external_id: Annotated[str | None, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")] = None


@router.get("/v1/dead-letters", operation_id="list_dead_letters", summary="List deliveries that stand still")
async def list_dead_letters(
    query: Annotated[LetterQuery, Query()], caller: Reader, house: HouseOfRequest, cursors: CursorsOfRequest
) -> Page[ShownLetter]:
    """Return what was given up, waits for an administrator, or is in doubt; the latest first."""
    del caller
    pager = Pager("dead-letters", query, cursors)
    wanted = LetterFilter(query.state, query.connection, query.operation, reason=query.reason)
    found = await dead_letters.page(house.deliveries, wanted, after=pager.after, limit=pager.fetch)
    return pager.page(found, place=lambda one: (one.state_at, one.id), show=lambda one: ShownLetter(**_fields(one)))


@router.post(
    "/v1/dead-letters/replay",
    operation_id="replay_dead_letters",
    summary="Set what was given up going again",
    status_code=202,
    responses=problems(_NONE),
)
async def replay_dead_letters(wish: ReplayWish, caller: Decider, house: HouseOfRequest) -> ReplayAnswer:
    """Replay one, some, or all that match, so many a second; a dry run only counts. What is in doubt must be resolved instead."""
    chosen = LetterFilter(**wish.filter.model_dump()) if wish.filter else [id_in(one) for one in wish.ids or ()]
    if wish.dry_run:
        done = await dead_letters.preview(house.deliveries, chosen, per_s=wish.per_s)
    else:
        done = await dead_letters.replay(house.deliveries, chosen, per_s=wish.per_s, by=caller, now=house.clock())
    return ReplayAnswer(count=done.count, takes_s=done.takes_s, dry_run=wish.dry_run)


@router.get(
    "/v1/dead-letters/{delivery_id}", operation_id="get_dead_letter", summary="Read one delivery", responses=problems(_NONE)
)
async def get_dead_letter(delivery_id: DeliveryId, caller: Reader, house: HouseOfRequest) -> LetterDetails:
    """Return a delivery in any state, with every attempt at it."""
    del caller
    letter = await dead_letters.find(house.deliveries, id_in(delivery_id))
    log = [ShownAttempt.model_validate(one, from_attributes=True) for one in letter.attempts]
    return LetterDetails(**_fields(letter.delivery), log=log)


@router.post(
    "/v1/dead-letters/{delivery_id}/resolve",
    operation_id="resolve_dead_letter",
    summary="Say whether it exists in the other system",
    responses=problems(_NONE | _STATE),
)
async def resolve_dead_letter(
    delivery_id: DeliveryId, resolution: Resolution, caller: Decider, house: HouseOfRequest
) -> ShownLetter:
    """Settle what is in doubt: it is there, and done; or it is not, and sent anew."""
    if resolution.outcome == "it_exists":
        done = await dead_letters.resolve_existing(
            house.deliveries, id_in(delivery_id), external_id=resolution.external_id, by=caller, now=house.clock()
        )
    else:
        done = await dead_letters.resolve_absent(house.deliveries, id_in(delivery_id), by=caller, now=house.clock())
    return ShownLetter(**_fields(done))


@router.post(
    "/v1/dead-letters/{delivery_id}/discard",
    operation_id="discard_dead_letter",
    summary="Say that it is not wanted any more",
    responses=problems(_NONE | _STATE),
)
async def discard_dead_letter(delivery_id: DeliveryId, caller: Decider, house: HouseOfRequest) -> ShownLetter:
    """Let it be; what waited behind it goes on."""
    return ShownLetter(**_fields(await dead_letters.discard(house.deliveries, id_in(delivery_id), by=caller, now=house.clock())))


def _fields(delivery: Delivery) -> dict[str, Any]:
    stuck = next((state for state in STUCK if state == delivery.state), None)
    return {
        "id": str(delivery.id),
        "object": f"{delivery.object_kind}:{delivery.object_id}",
        "next_step": next_step(stuck, delivery.reason) if stuck else None,
        "may_exist": delivery.doubtful,
        "due_at": delivery.due_at if delivery.state == "pending" else None,
        **{
            name: getattr(delivery, name)
            for name in ("connection", "operation", "state", "reason", "attempts", "promised_at", "state_at")
        },
        "external_id": delivery.external_id,
        "external_url": delivery.external_url,
    }
