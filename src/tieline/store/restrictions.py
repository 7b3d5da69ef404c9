"""Whose data is only kept and not processed: restrictions as they were asked for and lifted, and whom they mark."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from tieline.store.erasures import tell
from tieline.store.tables_privacy import restricted_marks, restrictions


@dataclass(frozen=True, slots=True)
class NewRestriction:
    """One restriction: when, by whom, why."""

    id: UUID
    at: datetime
    by: str
    reason: str


async def begin(tx: AsyncConnection, restriction: NewRestriction, tokens: Iterable[str]) -> None:
    """Write a restriction down with whom it marks, and tell every process when the transaction commits."""
    values = {"id": restriction.id, "at": restriction.at, "by": restriction.by, "reason": restriction.reason}
    await tx.execute(insert(restrictions).values(**values))
    rows = [{"token": token, "restriction_id": restriction.id} for token in dict.fromkeys(tokens)]
    if rows:
        await tx.execute(insert(restricted_marks), rows)
    await tell(tx)


async def marks(conn: AsyncConnection) -> frozenset[str]:
    """Return every mark that holds."""
    return frozenset((await conn.execute(select(restricted_marks.c.token))).scalars())


async def holds(conn: AsyncConnection, tokens: Sequence[str]) -> bool:
    """Say whether any of these is marked."""
    query = select(restricted_marks.c.token).where(restricted_marks.c.token.in_(tokens)).limit(1)
    return (await conn.execute(query)).scalar_one_or_none() is not None


async def newest(conn: AsyncConnection, *, limit: int) -> list[dict[str, Any]]:
    """Return restrictions, the newest first, without whom they are about."""
    query = select(restrictions).order_by(restrictions.c.at.desc(), restrictions.c.id.desc()).limit(limit)
    return [row._asdict() for row in await conn.execute(query)]


async def lift(tx: AsyncConnection, restriction_id: UUID, *, now: datetime) -> bool:
    """End a restriction. False: there is none, or it was lifted before."""
    ours = (restrictions.c.id == restriction_id, restrictions.c.lifted_at.is_(None))
    if (await tx.execute(update(restrictions).where(*ours).values(lifted_at=now))).rowcount != 1:
        return False
    await tx.execute(delete(restricted_marks).where(restricted_marks.c.restriction_id == restriction_id))
    await tell(tx)
    return True
