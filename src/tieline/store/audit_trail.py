"""Reading the audit trail, and writing to it within the transaction of the fact it tells of."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from tieline.store.journal_rows import AuditRow
from tieline.store.tables_access import audit_entries


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One row as read back. `seq` ascends in the order of commits of one process, with gaps."""

    seq: int
    at: datetime
    actor: str
    actor_role: str | None
    action: str
    subject: str | None
    call_id: str | None
    pop_id: str | None
    details: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which entries are wanted; None: any."""

    actor: str | None = None
    action: str | None = None
    subject: str | None = None
    call_id: str | None = None


async def write(tx: AsyncConnection, row: AuditRow) -> None:
    """Add one entry."""
    await tx.execute(insert(audit_entries).values(**asdict(row)))


async def page(conn: AsyncConnection, wanted: AuditFilter, *, before: int | None, limit: int) -> Sequence[AuditEntry]:
    """Return entries, newest first, from just past `before` (a seq)."""
    query = select(audit_entries).order_by(audit_entries.c.seq.desc()).limit(limit)
    for name, value in asdict(wanted).items():
        if value is not None:
            query = query.where(audit_entries.c[name] == value)
    if before is not None:
        query = query.where(audit_entries.c.seq < before)
    return [AuditEntry(**found._asdict()) for found in await conn.execute(query)]


async def take_turn(tx: AsyncConnection, about: str) -> None:
    """Wait until nobody else counts and writes about the same until the transaction ends."""
    await tx.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:about, 0))"), {"about": f"tieline.audit {about}"})


async def count(tx: AsyncConnection, *, actor: str, action: str, since: datetime) -> int:
    """Return how often somebody did something since an instant."""
    table = audit_entries.c
    query = select(func.count()).where(table.actor == actor, table.action == action, table.at >= since)
    return int((await tx.execute(query)).scalar_one())


async def about(conn: AsyncConnection, subjects: Sequence[str], *, limit: int) -> list[dict[str, Any]]:
    """Return who did what with any of some subjects, newest first, as documents for the person themselves."""
    table = audit_entries.c
    query = select(table.at, table.actor_role, table.action, table.call_id).where(table.subject.in_(subjects))
    found = await conn.execute(query.order_by(table.seq.desc()).limit(limit))
    return [{**row._asdict(), "at": row.at.isoformat()} for row in found]
