"""A refund or return request as a saga: a ticket is opened and the order frozen; both are confirmed, or it is undone and flagged.

Money moves on live data and a verified caller alone (behaviour: screen pop, 4.14): the order is read from its system at this
moment, and the call must have come to an identity level of two.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from tieline.domain.delivery import Delivered, Delivery, Effect, GivenUp
from tieline.domain.errors import NotFound, StateConflict
from tieline.domain.order import OPEN_ORDER_STATUSES
from tieline.domain.refund_request import RefundKind, RefundRequest, told
from tieline.domain.ticket_hub import HubTicket
from tieline.domain.working_days import next_working_day
from tieline.kit.ids import time_ordered_id
from tieline.security.permissions import Caller
from tieline.services.customers import records
from tieline.services.delivery.promise import promise
from tieline.services.delivery.sinks import Inputs
from tieline.services.pop_desk import PopDesk
from tieline.services.tickets.commenting import Words, say
from tieline.services.tickets.desk import TicketDesk
from tieline.services.tickets.opening import Wish, open_ticket
from tieline.services.tickets.record import note
from tieline.services.tickets.spoke import systems_with_copies
from tieline.store import call_records, pops, refund_requests, reviews, ticket_links, tickets
from tieline.store.database import Transaction
from tieline.store.reviews import Question

REFUND: Final = "refund_request"
LEVEL: Final = 2
OPEN_FOR: Final = timedelta(days=30)
MACHINE: Final = Caller(actor="tieline", role="service", scopes=frozenset())


@dataclass(frozen=True, slots=True)
class RefundWish:
    """What is asked for, in which call, and why."""

    kind: RefundKind
    connection: str
    order_number: str
    call_id: str
    reason: str


async def check(pop_desk: PopDesk, tickets_desk: TicketDesk, wish: RefundWish) -> None:
    """See that the order is there, live, and still open, and that the caller is known well enough.

    Raises: NotFound: no such order. StateConflict: it cannot be frozen now, or by this call (`order_not_live`, `order_not_open`,
    `identity_not_verified`, `hold_not_offered`), or stands still already (`refund_already_asked`).
    """
    connection = tickets_desk.directory.now.connections.get(wish.connection)
    if connection is None or connection.needs("order.hold") is None:
        raise StateConflict("This system freezes no orders.", code="hold_not_offered")
    async with tickets_desk.database.read() as conn:
        await _require_free(conn, wish)
    found = await records.order(pop_desk, wish.connection, wish.order_number, anew=True)
    if found["source"]["state"] != "live" or found["item"] is None:
        raise StateConflict("The order cannot be read at this moment.", code="order_not_live")
    if found["item"].get("status") not in OPEN_ORDER_STATUSES:
        raise StateConflict("This order is not open.", code="order_not_open")
    async with tickets_desk.database.read() as conn:
        call = await call_records.find(conn, wish.call_id)
        cards = await pops.of_call(conn, call_id=wish.call_id, interaction_id=call.id if call else None)
    levels = [(card.trace.get("decided") or {}).get("identity_level", 0) for card in cards]
    if max([call.identity_level if call else 0, *levels]) < LEVEL:
        raise StateConflict("The caller is not identified well enough.", code="identity_not_verified")


async def request_refund(tx: Transaction, desk: TicketDesk, wish: RefundWish, *, by: Caller, now: datetime) -> RefundRequest:
    """Open the ticket and promise the freeze, in one transaction. Raises: StateConflict: the order stands still already."""
    await tickets.lock_opening(tx, f"order:{wish.connection}:{wish.order_number}")
    await _require_free(tx, wish)
    words = Wish(
        subject=f"{'退款' if wish.kind == 'refund' else '退货'}：{wish.order_number}",
        description=wish.reason,
        priority="high",
        category=_category(desk),
        order_number=wish.order_number,
        source="call",
        call_id=wish.call_id,
        other_matter=True,
    )
    opened = await open_ticket(tx, desk, words, by=by, now=now)
    request = RefundRequest(
        id=UUID(time_ordered_id(now)),
        kind=wish.kind,
        connection=wish.connection,
        order_number=wish.order_number,
        ticket_id=opened.ticket.id,
        state="freezing",
        hold="open",
        copy="open" if systems_with_copies(desk.directory.now) else "done",
        code=None,
        created_by=by.actor,
        created_at=now,
        updated_at=now,
    )
    await refund_requests.add(tx, request)
    await promise(tx, _effect(request, "order.hold", {"text": wish.reason}), now=now)
    return request


async def _require_free(conn: Transaction, wish: RefundWish) -> None:
    if await refund_requests.standing(conn, wish.connection, wish.order_number) is not None:
        raise StateConflict("A refund or return of this order is under way.", code="refund_already_asked")


async def read(desk: TicketDesk, request_id: UUID) -> RefundRequest:
    """Return one request. Raises: NotFound."""
    async with desk.database.read() as conn:
        found = await refund_requests.find(conn, request_id)
    if found is None:
        raise NotFound
    return found


class RefundSink:
    """Owner of freezing and letting go."""

    def __init__(self, desk: TicketDesk) -> None:
        self._desk = desk

    async def prepare(self, delivery: Delivery) -> Inputs | None:
        """Return the order and why."""
        request = await read(self._desk, UUID(delivery.object_id))
        return {"order_id": request.order_number, **delivery.inputs}

    async def delivered(self, tx: Transaction, delivery: Delivery, _result: Delivered) -> None:
        """The order stands still, or goes on."""
        await self._tell(tx, delivery, None)

    async def given_up(self, tx: Transaction, delivery: Delivery, reason: GivenUp) -> None:
        """The order's system will not."""
        await self._tell(tx, delivery, reason.code)

    async def _tell(self, tx: Transaction, delivery: Delivery, code: str | None) -> None:
        found = await refund_requests.find(tx, UUID(delivery.object_id))
        if found is None:
            return
        await tickets.lock(tx, found.ticket_id)  # The ticket first, as its own deliveries do: two orders would deadlock.
        request = await refund_requests.lock(tx, found.id) or found
        now = self._desk.clock()
        if delivery.operation == "order.hold":
            after = told(request, "held" if code is None else "hold_refused", code=code, now=now)
        else:
            after = told(request, "released" if code is None else "release_refused", code=code, now=now)
        await _go_on(tx, self._desk, request, after, now=now)


async def copy_settled(tx: Transaction, desk: TicketDesk, ticket: HubTicket) -> None:
    """A copy of a ticket was made or given up: one copy is enough, none at all undoes the request."""
    waiting = await refund_requests.lock_of_ticket(tx, ticket.id)
    if not waiting:
        return
    links = await ticket_links.of_ticket(tx, ticket.id)
    made = any(link.external_id is not None for link in links)
    refused = bool(links) and all(link.fault is not None and link.external_id is None for link in links)
    if not made and not refused:
        return
    now = desk.clock()
    for request in waiting:
        await _go_on(tx, desk, request, told(request, "copied" if made else "copies_refused", now=now), now=now)


async def _go_on(tx: Transaction, desk: TicketDesk, before: RefundRequest, after: RefundRequest, *, now: datetime) -> None:
    if after.needs_release:
        after = replace(after, state="undoing")
        await promise(tx, _effect(after, "order.release", {}), now=now)
    await refund_requests.save(tx, after)
    if after.state == before.state:
        return
    ticket = await tickets.lock(tx, after.ticket_id)
    if ticket is not None:
        await note(tx, ticket, after.connection, f"refund_{after.state}", at=now, code=after.code)
        if after.is_flagged and not before.is_flagged:
            await say(tx, desk, ticket, Words(f"订单 {after.order_number} 未能冻结或已解冻，请人工处理。"), by=MACHINE, now=now)
    if after.is_flagged and not before.is_flagged:
        await _flag(tx, after, now=now)


async def _flag(tx: Transaction, request: RefundRequest, *, now: datetime) -> None:
    suggestion = {
        "ticket_id": str(request.ticket_id),
        "connection": request.connection,
        "state": request.state,
        "code": request.code,
    }
    question = Question(
        id=UUID(time_ordered_id(now)),
        kind=REFUND,
        subject_key=str(request.id),
        at=now,
        expires_at=now + OPEN_FOR,
        due_at=next_working_day(now),
        suggestions=(suggestion,),
    )
    await reviews.open_or_merge(tx, question)


def _category(desk: TicketDesk) -> str | None:
    word = "退款"
    return word if not desk.policy.categories or word in desk.policy.categories else None


def _effect(request: RefundRequest, operation: str, inputs: Inputs) -> Effect:
    return Effect(
        connection=request.connection,
        operation=operation,
        object_kind=REFUND,
        object_id=str(request.id),
        order_key=f"order:{request.connection}:{request.order_number}",
        inputs=dict(inputs),
        key=f"{request.id}:{operation}",
    )
