"""What customers say of us: taken in once under a key, listed as the asker may see it."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response

from tieline.api.feedback_shapes import FeedbackQuery, NewFeedback, ShownFeedback
from tieline.api.house import CursorsOfRequest, HouseOfRequest
from tieline.api.idempotency import PROBLEMS, REPLAYED, IdempotencyKey, keyed
from tieline.api.lists import Page
from tieline.api.openapi import problems
from tieline.api.paging import Pager
from tieline.api.strict_route import StrictRoute
from tieline.security.declarations import permit
from tieline.security.permissions import Caller
from tieline.services.feedback import reading
from tieline.services.feedback.intake import Said, take_in
from tieline.services.idempotency import once
from tieline.services.seeing import as_seen
from tieline.store.database import Transaction
from tieline.store.feedback import FeedbackFilter

router = APIRouter(route_class=StrictRoute, tags=["Feedback"])
Reader = Annotated[Caller, permit("feedback.read")]
Writer = Annotated[Caller, permit("feedback.write")]
_REFUSALS = problems(
    {
        **PROBLEMS,
        422: f"{PROBLEMS[422]} The score does not fit its kind: `score_range`, `score_required`, `score_unexpected`; no such "
        "ticket, agent or connection: `ticket_unknown`, `agent_unknown`, `connection_unknown`.",
    }
)


@router.post("/v1/feedback", operation_id="record_feedback", summary="Record feedback", status_code=201, responses=_REFUSALS)
async def record(
    said: NewFeedback, caller: Writer, house: HouseOfRequest, request: Request, response: Response, key: IdempotencyKey = None
) -> ShownFeedback:
    """Take in what a customer said. A low score or a complaint reopens its ticket or opens one, with an owner and a due time."""
    asked = await keyed(request, key, caller)

    async def work(tx: Transaction) -> dict[str, Any]:
        known = await take_in(tx, house.tickets, _said(said), by=caller)
        return {"feedback_id": str(known.feedback.id)}

    done = await once(house.database, asked, work, clock=house.clock)
    if done.replayed:
        response.headers[REPLAYED] = "true"
    document = await reading.read(house.tickets, UUID(done.answer["feedback_id"]), by=caller)
    return ShownFeedback.model_validate(_seen(house, caller, document))


@router.get("/v1/feedback", operation_id="list_feedback", summary="List feedback")
async def list_feedback(
    query: Annotated[FeedbackQuery, Query()], caller: Reader, house: HouseOfRequest, cursors: CursorsOfRequest
) -> Page[ShownFeedback]:
    """Return feedback, the last received first. An agent sees what was said of their own work."""
    pager = Pager("feedback", query, cursors)
    items = await reading.page(house.tickets, _filter(query), after=pager.after, limit=pager.fetch, by=caller)
    return pager.page(
        items,
        place=lambda item: (item["received_at"], item["id"]),
        show=lambda item: ShownFeedback.model_validate(_seen(house, caller, item)),
    )


@router.get(
    "/v1/feedback/{feedback_id}",
    operation_id="get_feedback",
    summary="Read one piece of feedback",
    responses=problems({404: "There is none, or it is about a colleague whose work you do not see: `not_found`."}),
)
async def get_feedback(
    feedback_id: Annotated[UUID, Path(description="Its id.")], caller: Reader, house: HouseOfRequest
) -> ShownFeedback:
    """Return one piece of feedback with what it was taken to mean, what a person says of that, and what follows from it."""
    return ShownFeedback.model_validate(_seen(house, caller, await reading.one(house.tickets, feedback_id, by=caller)))


def _seen(house: HouseOfRequest, caller: Caller, document: dict[str, Any]) -> dict[str, Any]:
    return as_seen(house.desk, caller, document, shape="feedback")


def _said(told: NewFeedback) -> Said:
    given = {name: getattr(told, name) for name in NewFeedback.model_fields if name not in {"customer", "ticket_id"}}
    return Said(**given, customer_ref=told.customer, ticket_id=_uuid(told.ticket_id))


def _filter(query: FeedbackQuery) -> FeedbackFilter:
    asked = {name: getattr(query, name) for name in ("kind", "channel", "call_id", "agent", "since", "until")}
    return FeedbackFilter(**asked, customer_ref=query.customer, ticket_id=_uuid(query.ticket_id))


def _uuid(text: str | None) -> UUID | None:
    return UUID(text) if text is not None else None
