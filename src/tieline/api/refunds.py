"""Refunds and returns: the order is frozen and a ticket opened; both are confirmed, or it is undone and flagged."""

from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Request
from pydantic import BaseModel, ConfigDict, Field

from tieline.api.house import HouseOfRequest
from tieline.api.idempotency import PROBLEMS, IdempotencyKey, keyed
from tieline.api.openapi import problems
from tieline.api.strict_route import StrictRoute
from tieline.api.tickets_shown import ShownRefund
from tieline.domain.errors import NotFound
from tieline.domain.refund_request import RefundKind, RefundRequest
from tieline.security.declarations import permit
from tieline.security.permissions import Caller
from tieline.services import refunds
from tieline.services.idempotency import once
from tieline.services.refunds import RefundWish
from tieline.store.database import Transaction

router = APIRouter(route_class=StrictRoute, tags=["Tickets"])
Agent = Annotated[Caller, permit("orders.refund")]
_REFUSED = (
    "Not now, or not in this call: `order_not_live`, `order_not_open`, `identity_not_verified`, `hold_not_offered`; or the order "
    "stands still already: `refund_already_asked`."
)


class RefundBody(BaseModel):
    """Why, and in which call. The caller must be known by number and recent context at least."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_extra={"examples": [{"kind": "refund", "call_id": "c-42", "reason": "客户要求退款"}]},
    )

    kind: RefundKind
    call_id: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
    reason: Annotated[str, Field(min_length=1, max_length=2000, pattern=r"^[^\x00]+$")]


@dataclass(frozen=True, slots=True)
class OrderPlace:
    """Which order, in which system."""

    connection: str
    number: str


def order_place(
    connection: Annotated[str, Path(max_length=60, examples=["erp"])],
    number: Annotated[str, Path(max_length=100, examples=["SO-20261001"])],
) -> OrderPlace:
    """Read the order off the address."""
    return OrderPlace(connection, number)


@router.post(
    "/v1/orders/{connection}/{number}/refund-requests",
    operation_id="request_refund",
    summary="Ask for a refund or return",
    status_code=202,
    responses=problems({**PROBLEMS, 404: "No such order: `not_found`.", 409: f"{_REFUSED} {PROBLEMS[409]}"}),
)
async def request_refund(
    order: Annotated[OrderPlace, Depends(order_place)],
    body: RefundBody,
    caller: Agent,
    house: HouseOfRequest,
    request: Request,
    key: IdempotencyKey = None,
) -> ShownRefund:
    """Open a ticket and freeze the order. What comes of it is read at `/v1/refund-requests/{id}`."""
    asked = await keyed(request, key, caller)
    wish = RefundWish(body.kind, order.connection, order.number, body.call_id, body.reason)
    await refunds.check(house.desk, house.tickets, wish)

    async def work(tx: Transaction) -> dict[str, Any]:
        made = await refunds.request_refund(tx, house.tickets, wish, by=caller, now=house.clock())
        return {"id": str(made.id)}

    done = await once(house.database, asked, work, clock=house.clock)
    return _shown(await refunds.read(house.tickets, UUID(done.answer["id"])))


@router.get(
    "/v1/refund-requests/{request_id}",
    operation_id="get_refund_request",
    summary="How does a refund request stand?",
    responses=problems({404: "There is no such request: `not_found`."}),
)
async def get_refund_request(
    request_id: Annotated[str, Path(max_length=60, description="The request's id.")], _caller: Agent, house: HouseOfRequest
) -> ShownRefund:
    """Return how far the two sides have come."""
    try:
        found = UUID(request_id)
    except ValueError as exc:
        raise NotFound from exc
    return _shown(await refunds.read(house.tickets, found))


def _shown(request: RefundRequest) -> ShownRefund:
    return ShownRefund.model_validate(request, from_attributes=True)
