"""Seeing who is signed in where, and ending it at once, on every replica (S09)."""

from collections.abc import Sequence
from datetime import datetime

from tieline.domain.errors import NotAllowed, NotFound
from tieline.security.permissions import Caller
from tieline.services.session_opening import SESSION_IDLE
from tieline.store import api_keys, audit_trail, sessions, sign_ins
from tieline.store.database import Database
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
