"""Refund and return requests as rows: kept, locked, found by their ticket."""

from dataclasses import asdict
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from tieline.domain.refund_request import RefundRequest
from tieline.store.tables_tickets import refund_requests


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


async def lock_of_ticket(tx: AsyncConnection, ticket_id: UUID) -> list[RefundRequest]:
    """Return a ticket's requests, locked."""
    query = select(refund_requests).where(refund_requests.c.ticket_id == ticket_id).with_for_update()
    return [RefundRequest(**row._asdict()) for row in await tx.execute(query)]
