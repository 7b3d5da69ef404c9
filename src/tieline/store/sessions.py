"""Rows of signed-in people. Only the digest of the cookie is kept."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from tieline.store.tables_access import sessions

SEEN_IS_NOTED_EVERY: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class SessionRow:
    """One signed-in person."""

    token_sha256: bytes
    agent: str
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime


async def add(tx: AsyncConnection, row: SessionRow) -> None:
    """Keep a new session."""
    await tx.execute(
        insert(sessions).values(
            token_sha256=row.token_sha256,
            agent=row.agent,
            created_at=row.created_at,
            last_seen_at=row.last_seen_at,
            expires_at=row.expires_at,
        )
    )


async def find(conn: AsyncConnection, token_sha256: bytes) -> SessionRow | None:
    """Return the session this cookie belongs to, ended or not."""
    found = (await conn.execute(select(sessions).where(sessions.c.token_sha256 == token_sha256))).one_or_none()
    return SessionRow(**found._asdict()) if found else None


async def note_seen(conn: AsyncConnection, row: SessionRow, *, now: datetime) -> None:
    """Write down that the person is still there, at most once in `SEEN_IS_NOTED_EVERY`."""
    if now - row.last_seen_at >= SEEN_IS_NOTED_EVERY:
        await conn.execute(update(sessions).where(sessions.c.token_sha256 == row.token_sha256).values(last_seen_at=now))


async def end(tx: AsyncConnection, token_sha256: bytes) -> None:
    """Sign out."""
    await tx.execute(delete(sessions).where(sessions.c.token_sha256 == token_sha256))


async def drop_ended(tx: AsyncConnection, *, now: datetime, idle: timedelta) -> int:
    """Forget sessions that ended or idled out, and return how many."""
    gone = await tx.execute(delete(sessions).where((sessions.c.expires_at <= now) | (sessions.c.last_seen_at <= now - idle)))
    return gone.rowcount
