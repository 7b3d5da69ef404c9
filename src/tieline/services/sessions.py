"""Seeing who is signed in where, and ending it at once, on every replica (S09)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tieline.domain.errors import NotAllowed, NotFound
from tieline.security.permissions import Caller
from tieline.services.session_opening import SESSION_IDLE
from tieline.store import api_keys, audit_trail, sessions, sign_ins
from tieline.store.database import Database, Transaction
from tieline.store.journal_rows import AuditRow
from tieline.store.sessions import SessionRow


async def of_agent(database: Database, agent: str, *, asker: Caller, now: datetime) -> Sequence[SessionRow]:
    """Return an agent's sessions that still open something, the newest first. Raises: NotAllowed: they are somebody else's."""
    _require_own(asker, agent)
    async with database.read() as conn:
        rows = await sessions.of_agent(conn, agent)
    return [row for row in rows if now < row.expires_at and now - row.last_seen_at < SESSION_IDLE]


async def end(database: Database, agent: str, session_id: str | None, *, asker: Caller, now: datetime) -> int:
    """End one of an agent's sessions, or all; return how many. Raises: NotAllowed. NotFound: there is no such session."""
    _require_own(asker, agent)
    async with database.begin() as tx:
        ended = await sessions.end_of_agent(tx, agent, session_id=session_id)
        if session_id is not None and not ended:
            raise NotFound
        await audit_trail.write(tx, _note(asker, "session.ended", agent, {"sessions": ended}, now=now))
        await api_keys.announce(tx)
    return ended


@dataclass(frozen=True, slots=True)
class Held:
    """Whoever asks: their own sessions, which of them asks (its id), and everybody else's, for whoever administers them."""

    mine: tuple[SessionRow, ...]
    others: tuple[SessionRow, ...]
    current: str | None


def administers(asker: Caller) -> bool:
    """Say whether somebody sees and ends everybody's sessions."""
    return asker.may("keys.manage")


async def held(database: Database, token: str, *, asker: Caller, now: datetime) -> Held:
    """Return the sessions that still open something, the newest first; `token` is the cookie of the one that asks."""
    async with database.read() as conn:
        current = await sessions.find(conn, sessions.digest(token))
        mine = await sessions.alive(conn, of=current, now=now, idle=SESSION_IDLE) if current else ()
        others = await sessions.alive(conn, but_of=current, now=now, idle=SESSION_IDLE) if administers(asker) else ()
    return Held(tuple(mine), tuple(others), current.id if current else None)


async def end_by_id(database: Database, session_id: str, *, asker: Caller, now: datetime) -> None:
    """End one session of one's own, or, for whoever administers them, anybody's. Raises: NotFound: there is none of that id."""
    async with database.begin() as tx:
        row = await sessions.by_id(tx, session_id)
        if row is None or (row.actor != asker.actor and not administers(asker)):
            raise NotFound
        await sessions.end(tx, row.token_sha256)
        await _told(tx, asker, row, 1, now=now)


async def end_others(database: Database, token: str, *, asker: Caller, now: datetime) -> int:
    """End all sessions of one's own but the one that asks; return how many. Raises: NotFound: none asks."""
    async with database.begin() as tx:
        row = await sessions.find(tx, sessions.digest(token))
        if row is None or row.actor != asker.actor:
            raise NotFound
        ended = await sessions.end_others(tx, row)
        await _told(tx, asker, row, ended, now=now)
    return ended


async def _told(tx: Transaction, asker: Caller, row: SessionRow, ended: int, *, now: datetime) -> None:
    note = AuditRow(
        at=now,
        actor=asker.actor,
        actor_role=asker.role,
        action="session.ended",
        subject=row.actor,
        details={"sessions": ended},
    )
    await audit_trail.write(tx, note)
    await api_keys.announce(tx)


async def unbind(database: Database, agent: str, *, asker: Caller, now: datetime) -> int:
    """Forget which accounts of providers an agent is, and end the sessions; return how many accounts were bound."""
    async with database.begin() as tx:
        unbound = await sign_ins.unbind(tx, agent)
        ended = await sessions.end_of_agent(tx, agent)
        await audit_trail.write(tx, _note(asker, "identity.unbound", agent, {"accounts": unbound, "sessions": ended}, now=now))
        await api_keys.announce(tx)
    return unbound


def _require_own(asker: Caller, agent: str) -> None:
    """One's own, or anybody's for whoever manages keys."""
    if asker.agent != agent and not asker.may("keys.manage"):
        raise NotAllowed


def _note(asker: Caller, action: str, agent: str, details: dict[str, int], *, now: datetime) -> AuditRow:
    return AuditRow(at=now, actor=asker.actor, actor_role=asker.role, action=action, subject=f"agent:{agent}", details=details)
