"""Rows of signed-in people. Only the digest of the cookie is kept."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from tieline.store.tables_access import sessions

SEEN_IS_NOTED_EVERY: Final = timedelta(minutes=1)
MOST_LISTED: Final = 500


@dataclass(frozen=True, slots=True)
class SessionRow:
    """One signed-in person: an agent, or a local administrator (`admin`). `role` None: the one the directory gives the agent.

    `proved_at`: when they last showed who they are; None: a provider let them in and did not say.

    `issuer`, `subject` and `issuer_session` say who vouched for them, and are None for a personal key.
    """

    token_sha256: bytes
    id: str
    agent: str | None
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    admin: str | None = None
    role: str | None = None
    issuer: str | None = None
    subject: str | None = None
    issuer_session: str | None = None
    proved_at: datetime | None = None
    device: str = ""
    address: str = ""

    @property
    def actor(self) -> str:
        """Return whom the audit names."""
        return f"admin:{self.admin}" if self.admin is not None else f"agent:{self.agent}"


def digest(token: str) -> bytes:
    """Return what is kept of a cookie's value."""
    return hashlib.sha256(token.encode()).digest()


async def add(tx: AsyncConnection, row: SessionRow) -> None:
    """Keep a new session."""
    await tx.execute(insert(sessions).values(**asdict(row)))


async def find(conn: AsyncConnection, token_sha256: bytes) -> SessionRow | None:
    """Return the session this cookie belongs to, ended or not."""
    found = (await conn.execute(select(sessions).where(sessions.c.token_sha256 == token_sha256))).one_or_none()
    return SessionRow(**found._asdict()) if found else None


async def of_agent(conn: AsyncConnection, agent: str) -> Sequence[SessionRow]:
    """Return an agent's sessions, the newest first."""
    query = select(sessions).where(sessions.c.agent == agent).order_by(sessions.c.created_at.desc()).limit(MOST_LISTED)
    return [SessionRow(**found._asdict()) for found in await conn.execute(query)]


async def alive(
    conn: AsyncConnection, *, of: SessionRow | None = None, but_of: SessionRow | None = None, now: datetime, idle: timedelta
) -> Sequence[SessionRow]:
    """Return the sessions that still open something, the newest first: of one session's owner, or of everybody but them."""
    wanted = [_opens(now, idle), *([_owned_as(of)] if of else []), *([~_owned_as(but_of)] if but_of else [])]
    query = select(sessions).where(*wanted).order_by(sessions.c.created_at.desc()).limit(MOST_LISTED)
    return [SessionRow(**found._asdict()) for found in await conn.execute(query)]


async def by_id(conn: AsyncConnection, session_id: str) -> SessionRow | None:
    """Return the session with this id."""
    found = (await conn.execute(select(sessions).where(sessions.c.id == session_id))).one_or_none()
    return SessionRow(**found._asdict()) if found else None


async def end_others(tx: AsyncConnection, mine: SessionRow) -> int:
    """End all sessions of somebody but this one; return how many ended."""
    return await _end(tx, _owned_as(mine) & (sessions.c.id != mine.id))


async def note_seen(conn: AsyncConnection, row: SessionRow, *, now: datetime) -> None:
    """Write down that the person is still there, at most once in `SEEN_IS_NOTED_EVERY`."""
    if now - row.last_seen_at >= SEEN_IS_NOTED_EVERY:
        await conn.execute(update(sessions).where(sessions.c.token_sha256 == row.token_sha256).values(last_seen_at=now))


async def end(tx: AsyncConnection, token_sha256: bytes) -> SessionRow | None:
    """Sign out, and return who that was."""
    gone = await tx.execute(delete(sessions).where(sessions.c.token_sha256 == token_sha256).returning(sessions))
    found = gone.one_or_none()
    return SessionRow(**found._asdict()) if found else None


async def end_of_agent(tx: AsyncConnection, agent: str, *, session_id: str | None = None) -> int:
    """End one of an agent's sessions, or all of them; return how many ended."""
    which = sessions.c.agent == agent
    return await _end(tx, which if session_id is None else which & (sessions.c.id == session_id))


async def end_of_admin(tx: AsyncConnection, name: str) -> int:
    """End all sessions of a local administrator; return how many ended."""
    return await _end(tx, sessions.c.admin == name)


async def of_admins(conn: AsyncConnection, *, now: datetime, idle: timedelta) -> int:
    """Return how many sessions of local administrators still open something."""
    return int((await conn.execute(select(func.count()).where(sessions.c.admin.is_not(None), _opens(now, idle)))).scalar_one())


async def end_of_identity(tx: AsyncConnection, issuer: str, *, subject: str | None, issuer_session: str | None) -> int:
    """End what a provider says is over: its one session if it names one, else all of the subject's; return how many ended."""
    which = [sessions.c.issuer == issuer]
    if subject is not None:
        which.append(sessions.c.subject == subject)
    if issuer_session is not None:
        which.append(or_(sessions.c.issuer_session == issuer_session, sessions.c.issuer_session.is_(None)))
    return await _end(tx, *which)


def _opens(now: datetime, idle: timedelta) -> ColumnElement[bool]:
    return (sessions.c.expires_at > now) & (sessions.c.last_seen_at > now - idle)


def _owned_as(row: SessionRow) -> ColumnElement[bool]:
    """Say whose session it is: an agent's or a local administrator's, never of both."""
    return sessions.c.agent.is_not_distinct_from(row.agent) & sessions.c.admin.is_not_distinct_from(row.admin)


async def _end(tx: AsyncConnection, *which: ColumnElement[bool]) -> int:
    return (await tx.execute(delete(sessions).where(*which))).rowcount


async def drop_ended(tx: AsyncConnection, *, now: datetime, idle: timedelta) -> int:
    """Forget sessions that ended or idled out, and return how many."""
    return (await tx.execute(delete(sessions).where(~_opens(now, idle)))).rowcount
