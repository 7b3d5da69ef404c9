"""Refund and return requests as rows: kept, locked, found by their ticket."""

from dataclasses import asdict
from uuid import UUID

from sqlalchemy import and_, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from tieline.domain.refund_request import RefundRequest
from tieline.domain.ticket import OPEN_TICKET_STATUSES
from tieline.store.tables_tickets import refund_requests, tickets


async def add(tx: AsyncConnection, request: RefundRequest) -> None:
    """Keep a new request."""
    await tx.execute(insert(refund_requests).values(asdict(request)))


async def save(tx: AsyncConnection, request: RefundRequest) -> None:
    """Write a request that was locked before."""
    await tx.execute(update(refund_requests).where(refund_requests.c.id == request.id).values(asdict(request)))


async def find(conn: AsyncConnection, request_id: UUID) -> RefundRequest | None:
    """Return one request."""
    row = (await conn.execute(select(refund_requests).where(refund_requests.c.id == request_id))).one_or_none()
    return RefundRequest(**row._asdict()) if row else None


async def lock(tx: AsyncConnection, request_id: UUID) -> RefundRequest | None:
    """Return one request that nobody else changes until the transaction ends."""
    row = (await tx.execute(select(refund_requests).where(refund_requests.c.id == request_id).with_for_update())).one_or_none()
    return RefundRequest(**row._asdict()) if row else None


async def standing(tx: AsyncConnection, connection: str, order_number: str) -> RefundRequest | None:
    """Return the request that an order stands still for, or is about to; one whose ticket is over does not count."""
    order = (refund_requests.c.connection == connection, refund_requests.c.order_number == order_number)
    on_hold = or_(
        refund_requests.c.state.in_(("freezing", "undoing")),
        and_(refund_requests.c.state == "confirmed", tickets.c.status.in_(sorted(OPEN_TICKET_STATUSES))),
    )
    query = select(refund_requests).join(tickets, tickets.c.id == refund_requests.c.ticket_id).where(*order, on_hold).limit(1)
    row = (await tx.execute(query)).one_or_none()
    return RefundRequest(**row._asdict()) if row else None


async def of_ticket(conn: AsyncConnection, ticket_id: UUID) -> RefundRequest | None:
    """Return the request that a ticket was opened for."""
    row = (await conn.execute(select(refund_requests).where(refund_requests.c.ticket_id == ticket_id).limit(1))).one_or_none()
    return RefundRequest(**row._asdict()) if row else None


async def lock_of_ticket(tx: AsyncConnection, ticket_id: UUID) -> list[RefundRequest]:
    """Return a ticket's requests, locked."""
    query = select(refund_requests).where(refund_requests.c.ticket_id == ticket_id).with_for_update()
    return [RefundRequest(**row._asdict()) for row in await tx.execute(query)]
