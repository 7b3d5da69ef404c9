"""Erasures as they are carried out, and the marks that keep what was erased from coming back."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from tieline.store.tables_privacy import erased_marks, erasures

CHANNEL: Final = "tieline_erased"
_TELL: Final = text("SELECT pg_notify(:channel, :news)")


@dataclass(frozen=True, slots=True)
class KeptErasure:
    """One erasure that is not at its end: the sealed subject, and how many passes were made."""

    id: UUID
    at: datetime
    subject: bytes
    passes: int


async def tell(tx: AsyncConnection, news: str = "") -> None:
    """Tell every process, when the transaction commits, to read anew whom it must not speak of."""
    await tx.execute(_TELL, {"channel": CHANNEL, "news": news})


async def begin(tx: AsyncConnection, erasure: KeptErasure, *, by: str, reason: str, next_pass_at: datetime) -> None:
    """Write an erasure down."""
    values = {"id": erasure.id, "at": erasure.at, "subject": erasure.subject, "passes": erasure.passes}
    await tx.execute(insert(erasures).values(**values, by=by, reason=reason, next_pass_at=next_pass_at))


async def mark(tx: AsyncConnection, erasure_id: UUID, tokens: Iterable[str]) -> None:
    """Keep what these stand for from coming back, and tell every process when the transaction commits."""
    rows = [{"token": token, "erasure_id": erasure_id} for token in dict.fromkeys(tokens)]
    if rows:
        await tx.execute(upsert(erased_marks).on_conflict_do_nothing(index_elements=["token"]), rows)
    await tell(tx)


async def marks(conn: AsyncConnection) -> frozenset[str]:
    """Return every mark."""
    return frozenset((await conn.execute(select(erased_marks.c.token))).scalars())


async def due(tx: AsyncConnection, *, now: datetime, most: int = 20) -> Sequence[KeptErasure]:
    """Lock the erasures whose next pass is due and nobody else is at."""
    query = select(erasures).where(erasures.c.next_pass_at <= now).order_by(erasures.c.next_pass_at).limit(most)
    found = await tx.execute(query.with_for_update(skip_locked=True))
    return [KeptErasure(row.id, row.at, bytes(row.subject), row.passes) for row in found]


async def hold(tx: AsyncConnection, erasure_id: UUID) -> None:
    """Keep everybody else from making a pass of an erasure until the transaction ends."""
    await tx.execute(select(erasures.c.id).where(erasures.c.id == erasure_id).with_for_update())


async def advance(tx: AsyncConnection, erasure_id: UUID, counts: Mapping[str, int], *, next_pass_at: datetime | None) -> None:
    """Note a pass and what it found; None: it was the last, and who it was about is forgotten."""
    before = (await tx.execute(select(erasures.c.counts).where(erasures.c.id == erasure_id))).scalar_one()
    total = {table: before.get(table, 0) + counts.get(table, 0) for table in {**before, **counts}}
    values = {"passes": erasures.c.passes + 1, "next_pass_at": next_pass_at, "counts": total}
    gone = {"subject": None} if next_pass_at is None else {}
    await tx.execute(update(erasures).where(erasures.c.id == erasure_id).values(**values, **gone))


async def lift(tx: AsyncConnection, erasure_id: UUID, *, now: datetime) -> bool:
    """Let come back what an erasure marked; what is gone stays gone. False: no such erasure, or it was lifted before."""
    ours = (erasures.c.id == erasure_id, erasures.c.lifted_at.is_(None))
    if (await tx.execute(update(erasures).where(*ours).values(lifted_at=now))).rowcount != 1:
        return False
    await tx.execute(delete(erased_marks).where(erased_marks.c.erasure_id == erasure_id))
    await tell(tx)
    return True
