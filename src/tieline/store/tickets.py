"""Our own tickets as rows: kept, found, locked, listed."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, func, insert, select, text, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from tieline.domain.ticket import OPEN_TICKET_STATUSES
from tieline.domain.ticket_hub import HubTicket
from tieline.store.tables_tickets import ticket_numbers, tickets

OPENING_LOCK: Final = 7_313
"""First half of the advisory lock on whoever a ticket is opened for; the second is the hash of their reference or number."""


@dataclass(frozen=True, slots=True)
class TicketFilter:
    """Which tickets are wanted; None: any."""

    customer_ref: str | None = None
    phone: str | None = None
    status: str | None = None
    assignee: str | None = None
    updated_since: datetime | None = None


async def next_number(tx: AsyncConnection) -> int:
    """Return a number no ticket has; numbers have gaps."""
    return int((await tx.execute(select(ticket_numbers.next_value()))).scalar_one())


async def add(tx: AsyncConnection, ticket: HubTicket) -> None:
    """Keep a new ticket."""
    await tx.execute(insert(tickets).values(_values(ticket)))


async def save(tx: AsyncConnection, ticket: HubTicket) -> None:
    """Write a ticket that was locked before."""
    await tx.execute(update(tickets).where(tickets.c.id == ticket.id).values(_values(ticket)))


async def find(conn: AsyncConnection, ticket_id: UUID) -> HubTicket | None:
    """Return one ticket."""
    row = (await conn.execute(select(tickets).where(tickets.c.id == ticket_id))).one_or_none()
    return _ticket(row) if row else None


async def among(conn: AsyncConnection, ids: Collection[UUID]) -> dict[UUID, HubTicket]:
    """Return those of some ids that are tickets."""
    rows = await conn.execute(select(tickets).where(tickets.c.id.in_(ids))) if ids else ()
    return {row.id: _ticket(row) for row in rows}


async def lock(tx: AsyncConnection, ticket_id: UUID) -> HubTicket | None:
    """Return one ticket that nobody else changes until the transaction ends."""
    row = (await tx.execute(select(tickets).where(tickets.c.id == ticket_id).with_for_update())).one_or_none()
    return _ticket(row) if row else None


async def lock_opening(tx: AsyncConnection, whose: str) -> None:
    """Let one transaction at a time open a ticket for the same customer or number."""
    await tx.execute(select(func.pg_advisory_xact_lock(OPENING_LOCK, func.hashtext(whose))))


async def open_of(conn: AsyncConnection, *, customer_ref: str | None, phone: str | None, limit: int = 20) -> list[HubTicket]:
    """Return the open tickets of a customer, or where nobody is known, of a number; the last changed first."""
    whose = tickets.c.customer_ref == customer_ref if customer_ref else tickets.c.phone == phone
    if customer_ref is None and phone is None:
        return []
    query = select(tickets).where(whose, tickets.c.status.in_(sorted(OPEN_TICKET_STATUSES)))
    return [_ticket(row) for row in await conn.execute(query.order_by(tickets.c.updated_at.desc()).limit(limit))]


async def of_call(conn: AsyncConnection, call_id: str) -> list[HubTicket]:
    """Return the tickets that came of a call, the oldest first."""
    query = select(tickets).where(tickets.c.call_id == call_id).order_by(tickets.c.number)
    return [_ticket(row) for row in await conn.execute(query)]


async def load(conn: AsyncConnection) -> dict[str, int]:
    """Return how many open tickets each agent has."""
    count = func.count().label("count")
    query = select(tickets.c.assignee, count).where(
        text("status NOT IN ('resolved', 'closed', 'cancelled')"), tickets.c.assignee.is_not(None)
    )
    return {row.assignee: int(row[1]) for row in await conn.execute(query.group_by(tickets.c.assignee))}


async def page(
    conn: AsyncConnection, wanted: TicketFilter, *, after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[HubTicket]:
    """Return tickets, the last changed first, from just past `after` (updated_at, id)."""
    table = tickets.c
    query = select(tickets).order_by(table.updated_at.desc(), table.id.desc()).limit(limit)
    for name in ("customer_ref", "phone", "status", "assignee"):
        if getattr(wanted, name) is not None:
            query = query.where(table[name] == getattr(wanted, name))
    if wanted.updated_since is not None:
        query = query.where(table.updated_at >= wanted.updated_since)
    if after is not None:
        query = query.where(tuple_(table.updated_at, table.id) < tuple_(*after))
    return [_ticket(row) for row in await conn.execute(query)]


async def numbered_after(conn: AsyncConnection, number: int, *, limit: int) -> Sequence[HubTicket]:
    """Return tickets by number, from just past one: an order in which no change moves a ticket."""
    query = select(tickets).where(tickets.c.number > number).order_by(tickets.c.number).limit(limit)
    return [_ticket(row) for row in await conn.execute(query)]


def _values(ticket: HubTicket) -> dict[str, Any]:
    stamps = {name: stamp.model_dump(mode="json") for name, stamp in ticket.stamps.items()}
    return {**dict(ticket), "tags": list(ticket.tags), "stamps": stamps}


def _ticket(row: Row[Any]) -> HubTicket:
    return HubTicket.model_validate(row._asdict())
