"""What a new session is made of: whose it is, who vouched for them, how long it lasts; and its entry in the audit."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from tieline.kit.ids import opaque_token
from tieline.security.roles import ADMIN_ROLE
from tieline.store import audit_trail, sessions
from tieline.store.database import Transaction
from tieline.store.journal_rows import AuditRow
from tieline.store.sessions import SessionRow

SESSION_IDLE: Final = timedelta(minutes=30)
SESSION_LIFE: Final = timedelta(hours=12)
LOCAL_ADMIN_LIFE: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Vouched:
    """What a provider says of whoever signs in by it: a role (None: the directory's), and how it names them and their session.

    `proved_at`: when they showed who they are. None: it does not say.
    """

    provider: str = "key"
    life: timedelta = SESSION_LIFE
    role: str | None = None
    issuer: str | None = None
    subject: str | None = None
    issuer_session: str | None = None
    proved_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Arrival:
    """What a browser comes with: the cookie of the session it had, which ends, and what may be kept of what and where it is.

    `device` holds words of ours; `address` is masked.
    """

    instead_of: str | None = field(default=None, repr=False)
    device: str = ""
    address: str = ""


NOWHERE: Final = Arrival()


@dataclass(frozen=True, slots=True)
class NewSession:
    """The cookie's value, which is told to the browser alone, and the row that is kept. `by`: the way they came."""

    token: str
    row: SessionRow
    by: str


def for_agent(agent: str, vouched: Vouched, arrival: Arrival, *, now: datetime) -> NewSession:
    """Return a session of an agent."""
    return _new(vouched, arrival, agent=agent, now=now)


def for_admin(name: str, arrival: Arrival, *, now: datetime) -> NewSession:
    """Return a session of a local administrator."""
    vouched = Vouched(provider="break_glass", life=LOCAL_ADMIN_LIFE, role=ADMIN_ROLE, proved_at=now)
    return _new(vouched, arrival, admin=name, now=now)


def _new(vouched: Vouched, arrival: Arrival, *, agent: str | None = None, admin: str | None = None, now: datetime) -> NewSession:
    token = opaque_token()
    row = SessionRow(
        sessions.digest(token),
        id=opaque_token(12),
        agent=agent,
        admin=admin,
        created_at=now,
        last_seen_at=now,
        expires_at=now + min(vouched.life, SESSION_LIFE),
        role=vouched.role,
        issuer=vouched.issuer,
        subject=vouched.subject,
        issuer_session=vouched.issuer_session,
        proved_at=vouched.proved_at,
        device=arrival.device,
        address=arrival.address,
    )
    return NewSession(token, row, vouched.provider)


async def open_in(tx: Transaction, new: NewSession, arrival: Arrival) -> None:
    """Keep a new session in place of the one its owner came with (S09: a new one at every sign-in), and write it down."""
    if arrival.instead_of:
        await sessions.end(tx, sessions.digest(arrival.instead_of))
    await sessions.add(tx, new.row)
    note = AuditRow(
        at=new.row.created_at,
        actor=new.row.actor,
        actor_role=new.row.role,
        action="session.opened",
        details={"by": new.by},
    )
    await audit_trail.write(tx, note)
