"""Loops as rows: opened by a low score or a complaint, until somebody spoke with the customer and the ticket is over."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from tieline.store.tables_surveys import feedback_loops
from tieline.store.tables_tickets import tickets


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackLoop:
    """One loop. `contacted_by`: `call:<id>` or `comment:<id>`, what shows that we spoke with the customer again."""

    feedback_id: UUID
    ticket_id: UUID
    customer_ref: str | None
    phone: str | None
    opened_at: datetime
    contacted_at: datetime | None = None
    contacted_by: str | None = None
    closed_at: datetime | None = None
    escalated_at: datetime | None = None


async def open_one(tx: AsyncConnection, loop: FeedbackLoop) -> None:
    """Open a loop; once for each piece of feedback."""
    values = {name: getattr(loop, name) for name in FeedbackLoop.__dataclass_fields__}
    await tx.execute(insert(feedback_loops).values(values).on_conflict_do_nothing())


async def contacted(
    tx: AsyncConnection, *, phone: str | None, customer_ref: str | None, at: datetime, by: str
) -> Sequence[FeedbackLoop]:
    """Note that we spoke with somebody who waited for it, and return the loops that were waiting: opened before `at`."""
    whose = [
        column == value
        for column, value in ((feedback_loops.c.phone, phone), (feedback_loops.c.customer_ref, customer_ref))
        if value is not None
    ]
    if not whose:
        return ()
    waiting = and_(feedback_loops.c.contacted_at.is_(None), feedback_loops.c.opened_at < at, or_(*whose))
    return await _update(tx, waiting, {"contacted_at": at, "contacted_by": by})


async def contacted_in_ticket(tx: AsyncConnection, ticket_id: UUID, *, at: datetime, by: str) -> Sequence[FeedbackLoop]:
    """Note the same of a ticket's loops: the customer was answered in it."""
    waiting = and_(feedback_loops.c.contacted_at.is_(None), feedback_loops.c.ticket_id == ticket_id)
    return await _update(tx, waiting, {"contacted_at": at, "contacted_by": by})


async def close(tx: AsyncConnection, ticket_id: UUID, *, at: datetime) -> Sequence[FeedbackLoop]:
    """Close a ticket's loops, and return those."""
    running = and_(feedback_loops.c.closed_at.is_(None), feedback_loops.c.ticket_id == ticket_id)
    return await _update(tx, running, {"closed_at": at})


async def is_open(conn: AsyncConnection, ticket_id: UUID) -> bool:
    """Say whether a ticket has, or had, a loop."""
    query = select(feedback_loops.c.feedback_id).where(feedback_loops.c.ticket_id == ticket_id).limit(1)
    return (await conn.execute(query)).first() is not None


async def find(conn: AsyncConnection, feedback_id: UUID) -> FeedbackLoop | None:
    """Return the loop of one piece of feedback."""
    row = (await conn.execute(select(feedback_loops).where(feedback_loops.c.feedback_id == feedback_id))).one_or_none()
    return _read(row) if row else None


async def among(conn: AsyncConnection, feedback_ids: Sequence[UUID]) -> dict[UUID, FeedbackLoop]:
    """Return the loops of several."""
    query = select(feedback_loops).where(feedback_loops.c.feedback_id.in_(feedback_ids))
    return {row.feedback_id: _read(row) for row in await conn.execute(query)}


async def overdue(conn: AsyncConnection, *, now: datetime, limit: int) -> Sequence[FeedbackLoop]:
    """Return loops whose ticket is past its due time and was not escalated for it, the oldest first; one of each ticket."""
    query = (
        select(feedback_loops)
        .join(tickets, tickets.c.id == feedback_loops.c.ticket_id)
        .where(feedback_loops.c.closed_at.is_(None), feedback_loops.c.escalated_at.is_(None), tickets.c.due_at < now)
        .order_by(feedback_loops.c.opened_at)
        .limit(limit)
    )
    found: dict[UUID, FeedbackLoop] = {}
    for row in await conn.execute(query):
        found.setdefault(row.ticket_id, _read(row))
    return list(found.values())


async def note_escalated(tx: AsyncConnection, ticket_id: UUID, *, at: datetime) -> bool:
    """Note that a ticket's loops were escalated; False: somebody else did that."""
    waiting = and_(
        feedback_loops.c.ticket_id == ticket_id, feedback_loops.c.escalated_at.is_(None), feedback_loops.c.closed_at.is_(None)
    )
    return bool(await _update(tx, waiting, {"escalated_at": at}))


async def _update(tx: AsyncConnection, which: Any, values: dict[str, Any]) -> Sequence[FeedbackLoop]:  # noqa: ANN401 - a condition
    changed = await tx.execute(update(feedback_loops).where(which).values(values).returning(*feedback_loops.c))
    return [_read(row) for row in changed]


def _read(row: Row[Any]) -> FeedbackLoop:
    return FeedbackLoop(**row._asdict())
