"""What waits for a person: unknown callers, extensions nobody sits at, and the like."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from tieline.api.house import CursorsOfRequest, HouseOfRequest
from tieline.api.ids import id_in
from tieline.api.link_to import LinkTo
from tieline.api.lists import ListQuery, Page
from tieline.api.openapi import problems
from tieline.api.paging import Pager
from tieline.api.strict_route import StrictRoute
from tieline.domain.errors import RequestRefused
from tieline.security.declarations import permit
from tieline.security.permissions import Caller
from tieline.services import reviews
from tieline.services.reviews import Place, Reason
from tieline.services.seeing import as_seen
from tieline.services.tickets import conflict_reviews
from tieline.services.tickets.conflict_reviews import Choice, Pick
from tieline.store.reviews import ReviewItem, ReviewState

router = APIRouter(route_class=StrictRoute, tags=["Review"])
Reader = Annotated[Caller, permit("reviews.read")]
Decider = Annotated[Caller, permit("reviews.decide")]
ItemId = Annotated[str, Path(max_length=60, description="The item's id.")]
_NONE = {404: "There is no such item: `not_found`."}
_CLOSED = {409: "Somebody was faster: `review_decided`."}


class ReviewQuery(ListQuery):
    """Which items."""

    state: Annotated[ReviewState, Field(description="What became of them.")] = "open"
    kind: Annotated[str | None, Field(max_length=60, pattern=r"^[a-z_]+$", examples=["unknown_caller"])] = None


class ShownReview(BaseModel):
    """One question for a person. `number` for questions about a caller, as the asker may see it; otherwise `subject`."""

    model_config = ConfigDict(frozen=True)

    id: str
    kind: str
    state: ReviewState
    number: str | None = None
    subject: str | None = None
    count: Annotated[int, Field(description="How many calls asked it.")]
    first_at: datetime
    last_at: datetime
    due_at: datetime | None
    expires_at: datetime
    call_ids: Sequence[str]
    suggestions: Sequence[Mapping[str, Any]] = ()
    conflict: Annotated[
        Mapping[str, Any] | None, Field(description="For a field of a ticket: its base, both values, who set them, when.")
    ] = None
    decided_by: str | None = None
    decided_at: datetime | None = None
    decision: Mapping[str, Any] | None = None


class Rejection(BaseModel):
    """Nothing follows, but that a number marked as spam asks no more."""

    model_config = ConfigDict(frozen=True, extra="forbid", json_schema_extra={"examples": [{"reason": "wrong_number"}]})

    reason: Reason


class Rejections(Rejection):
    """The same for many."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", json_schema_extra={"examples": [{"ids": ["0199…"], "reason": "wrong_number"}]}
    )

    ids: Annotated[list[str], Field(min_length=1, max_length=200)]


class BulkAnswer(BaseModel):
    """What was decided, and what somebody else had decided before, or does not exist."""

    model_config = ConfigDict(frozen=True)

    done: Sequence[str]
    missed: Sequence[str]


class Decision(BaseModel):
    """Which value of a ticket's field holds: the one here, the one there, or another."""

    model_config = ConfigDict(frozen=True, extra="forbid", json_schema_extra={"examples": [{"pick": "theirs"}]})

    pick: Pick
    value: Annotated[
        Annotated[str, Field(max_length=20_000)] | Annotated[list[str], Field(max_length=30)] | None,
        Field(description="For `value`: the value itself; a list for tags."),
    ] = None


@router.get("/v1/reviews", operation_id="list_reviews", summary="List what waits for a person")
async def list_reviews(
    query: Annotated[ReviewQuery, Query()], caller: Reader, house: HouseOfRequest, cursors: CursorsOfRequest
) -> Page[ShownReview]:
    """Return items in one state, the one asked last first."""
    pager = Pager("reviews", query, cursors)
    after = Place(*place) if (place := pager.after) else None
    items = await reviews.page(house.database, state=query.state, kind=query.kind, after=after, limit=pager.fetch)
    return pager.page(items, place=lambda item: (item.last_at, item.id), show=lambda item: _shown(house, caller, item))


@router.get("/v1/reviews/{item_id}", operation_id="get_review", summary="Read one item", responses=problems(_NONE))
async def get_review(item_id: ItemId, caller: Reader, house: HouseOfRequest) -> ShownReview:
    """Return one item."""
    return _shown(house, caller, await reviews.find(house.database, id_in(item_id)))


@router.post(
    "/v1/reviews/{item_id}/reject",
    operation_id="reject_review",
    summary="Close an item without consequences",
    responses=problems(_NONE | _CLOSED),
)
async def reject_review(item_id: ItemId, rejection: Rejection, caller: Decider, house: HouseOfRequest) -> ShownReview:
    """Say that nothing follows, and why. A number rejected as spam asks no more questions."""
    item = await reviews.reject(house.database, id_in(item_id), reason=rejection.reason, by=caller, now=house.clock())
    return _shown(house, caller, item)


@router.post(
    "/v1/reviews/{item_id}/link",
    operation_id="link_review",
    summary="Say whose number it is",
    responses=problems(_NONE | _CLOSED),
)
async def link_review(item_id: ItemId, to: LinkTo, caller: Decider, house: HouseOfRequest) -> ShownReview:
    """Keep the number with a customer, unverified, and give them the earlier calls from it. No system is written to."""
    ref = to.reference
    if ref.connection not in house.directory.now.connections:
        raise RequestRefused("There is no such connection.", code="connection_unknown")
    item = await reviews.link(house.database, id_in(item_id), ref, by=caller, now=house.clock())
    return _shown(house, caller, item)


@router.post(
    "/v1/reviews/{item_id}/decide",
    operation_id="decide_review",
    summary="Say which value holds",
    responses=problems(_NONE | {409: "Decided already, or both sides agree by now: `review_decided`, `conflict_over`."}),
)
async def decide_review(item_id: ItemId, decision: Decision, caller: Decider, house: HouseOfRequest) -> ShownReview:
    """Settle a conflict between two systems' values of a ticket's field. The chosen one reaches every system."""
    choice = Choice(decision.pick, decision.value)
    item = await conflict_reviews.choose(house.tickets, id_in(item_id), choice, by=caller, now=house.clock())
    return _shown(house, caller, item)


@router.post(
    "/v1/reviews/reject",
    operation_id="reject_reviews",
    summary="Close many items without consequences",
    responses=problems(_NONE),
)
async def reject_reviews(rejections: Rejections, caller: Decider, house: HouseOfRequest) -> BulkAnswer:
    """Say of up to 200 items that nothing follows. What somebody else decided meanwhile is left as it is, and named."""
    ids = [id_in(one) for one in rejections.ids]
    closed, missed = await reviews.reject_all(house.database, ids, reason=rejections.reason, by=caller, now=house.clock())
    return BulkAnswer(done=[str(one) for one in closed], missed=[str(one) for one in missed])


@router.post(
    "/v1/reviews/{item_id}/read-again",
    operation_id="read_review_again",
    summary="Have what arrived read once more",
    responses=problems(_NONE | _CLOSED),
)
async def read_review_again(item_id: ItemId, caller: Decider, house: HouseOfRequest) -> ShownReview:
    """Read the webhooks of an item once more, now that the connector or its mapping understands them."""
    return _shown(house, caller, await reviews.read_again(house.database, id_in(item_id), by=caller, now=house.clock()))


@router.post(
    "/v1/reviews/{item_id}/undo",
    operation_id="undo_review",
    summary="Take a decision back",
    responses=problems(_NONE | {409: "It cannot be taken back, or is older than 30 days: `review_not_undoable`."}),
)
async def undo_review(item_id: ItemId, caller: Decider, house: HouseOfRequest) -> ShownReview:
    """Open an item again that was linked or rejected within the last 30 days, and undo what followed from it here.

    For a conflict, the ticket's field gets the value it had before the decision, in every system.
    """
    item = await conflict_reviews.undo(house.tickets, id_in(item_id), by=caller, now=house.clock())
    return _shown(house, caller, item)


def _shown(house: HouseOfRequest, caller: Caller, item: ReviewItem) -> ShownReview:
    document = reviews.document_of(item)
    seen = as_seen(house.desk, caller, document, shape="review_item")
    return ShownReview.model_validate(seen)
