"""The chain beside the audit trail: which entry was sealed when, and the signed checkpoints. Both are append-only."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from tieline.domain.audit_chain import GENESIS, Checkpoint, Link
from tieline.store.database_connect import Connection
from tieline.store.patience import take_time, take_time_on
from tieline.store.tables_access import audit_checkpoints, audit_seals

LOOK_BACK: Final = 5_000
"""How far behind the newest sealed entry one may still commit and be sealed at once; numbers are drawn before commits."""
ROWS_AT_ONCE: Final = 5_000

ENTRY: Final = (
    "jsonb_build_array(entry.seq, (extract(epoch FROM entry.at) * 1000000)::bigint, entry.actor, entry.actor_role, entry.action, "
    "entry.subject, entry.call_id, entry.pop_id, entry.details)::text"
)
"""An entry as one text that the same entry always gives, whatever the session's time zone."""

_LOCK: Final = text("SELECT pg_try_advisory_xact_lock(hashtext('tieline.audit.seal'))")
_LAST: Final = text("SELECT number, digest, seq FROM audit_seals ORDER BY number DESC LIMIT 1")
_HIGHEST: Final = text("SELECT coalesce(max(seq), 0) FROM audit_seals")
_UNSEALED: Final = text(f"""
    SELECT entry.seq, {ENTRY} AS entry FROM audit_entries AS entry
    WHERE entry.seq > :after AND NOT EXISTS (SELECT FROM audit_seals WHERE audit_seals.seq = entry.seq)
    ORDER BY entry.seq LIMIT :limit
""")  # noqa: S608 - only a constant of this file is put in
_LEFT_OUT: Final = text("""
    SELECT count(*) FROM audit_entries AS entry
    WHERE entry.at < :before AND NOT EXISTS (SELECT FROM audit_seals WHERE audit_seals.seq = entry.seq)
""")
_STRETCH: Final = f"""
    WITH stretch AS MATERIALIZED (SELECT number, digest, seq FROM audit_seals WHERE number BETWEEN %(first)s AND %(last)s)
    SELECT seal.number, seal.digest, seal.seq, CASE WHEN entry.seq IS NOT NULL THEN {ENTRY} END AS entry
    FROM stretch AS seal LEFT JOIN audit_entries AS entry
        ON entry.seq = seal.seq AND entry.seq BETWEEN (SELECT min(seq) FROM stretch) AND (SELECT max(seq) FROM stretch)
    ORDER BY seal.number
"""  # noqa: S608 - likewise
"""The bounds say nothing that the join does not; they keep it from reading the whole trail for every stretch."""


async def take_turn(tx: AsyncConnection) -> bool:
    """Become the one who seals until the transaction ends; False: somebody else is at it."""
    return bool((await tx.execute(_LOCK)).scalar_one())


async def end_of_chain(tx: AsyncConnection) -> tuple[int, bytes]:
    """Return number and digest of the last link."""
    last = (await tx.execute(_LAST)).one_or_none()
    return (last.number, bytes(last.digest)) if last else (0, GENESIS)


async def unsealed(tx: AsyncConnection, *, look_back: int = LOOK_BACK) -> Sequence[tuple[int, str]]:
    """Return entries not yet in the chain, as (seq, text), oldest first, at most `ROWS_AT_ONCE`."""
    highest = int((await tx.execute(_HIGHEST)).scalar_one())
    found = await tx.execute(_UNSEALED, {"after": highest - look_back, "limit": ROWS_AT_ONCE})
    return [(row.seq, row.entry) for row in found]


async def left_out(conn: AsyncConnection, *, before: datetime) -> int:
    """Return how many entries older than `before` are in no chain. Needs a transaction."""
    await take_time(conn)
    return int((await conn.execute(_LEFT_OUT, {"before": before})).scalar_one())


async def append(tx: AsyncConnection, links: Sequence[Link]) -> None:
    """Add links to the chain."""
    rows = [{"number": link.number, "digest": link.digest, "seq": link.seq} for link in links]
    await tx.execute(insert(audit_seals), rows)


async def add_checkpoint(tx: AsyncConnection, checkpoint: Checkpoint) -> None:
    """Keep a signed checkpoint."""
    fields = {name: getattr(checkpoint, name) for name in ("number", "digest", "at", "signature")}
    await tx.execute(insert(audit_checkpoints).values(**fields))


async def checkpoints(conn: AsyncConnection) -> Sequence[Checkpoint]:
    """Return every checkpoint, the oldest first."""
    found = await conn.execute(select(audit_checkpoints).order_by(audit_checkpoints.c.number))
    return [Checkpoint(row.number, bytes(row.digest), row.at, bytes(row.signature)) for row in found]


async def latest_checkpoint(conn: AsyncConnection) -> Checkpoint | None:
    """Return the newest checkpoint."""
    newest = select(audit_checkpoints).order_by(audit_checkpoints.c.number.desc()).limit(1)
    row = (await conn.execute(newest)).one_or_none()
    return Checkpoint(row.number, bytes(row.digest), row.at, bytes(row.signature)) if row else None


async def stretch(connection: Connection, after: int, until: int) -> list[Link]:
    """Return the links from `after` to `until`, both included, the entry of each as text, in order; needs a transaction.

    After 0 comes everything there is before the first link too: nothing should be, and whoever put something there is found.
    """
    await take_time_on(connection)
    async with connection.cursor(binary=True) as cursor:
        await cursor.execute(_STRETCH.encode(), {"first": after or -(2**63), "last": until})
        return [Link(*row) for row in await cursor.fetchall()]
