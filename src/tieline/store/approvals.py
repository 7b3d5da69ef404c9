"""What waits for a second person: asked, decided by one statement, used by one statement."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import exists, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from tieline.store.tables_access import api_keys, audit_entries
from tieline.store.tables_approvals import approvals

Verdict = Literal["approved", "refused"]
_KEY_MADE: Final = ("key.created", "key.rotated")


@dataclass(frozen=True, slots=True)
class ApprovalRow:
    """One thing that was asked. `verdict` None: nobody has decided yet."""

    id: UUID
    action: str
    digest: str
    details: Mapping[str, Any]
    asked_by: str
    behind: Sequence[str]
    asked_at: datetime
    expires_at: datetime
    verdict: Verdict | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None
    used_at: datetime | None = None


async def ask(tx: AsyncConnection, row: ApprovalRow) -> None:
    """Write down what somebody asks."""
    await tx.execute(insert(approvals).values(**asdict(row)))


async def standing(tx: AsyncConnection, digest: str, *, now: datetime) -> ApprovalRow | None:
    """Return what was asked under this digest and is neither used nor over."""
    table = approvals.c
    query = select(approvals).where(table.digest == digest, table.used_at.is_(None), table.expires_at > now)
    found = (await tx.execute(query.order_by(table.asked_at.desc()).limit(1))).one_or_none()
    return ApprovalRow(**found._asdict()) if found else None


async def find(conn: AsyncConnection, approval_id: UUID) -> ApprovalRow | None:
    """Return one by its id."""
    found = (await conn.execute(select(approvals).where(approvals.c.id == approval_id))).one_or_none()
    return ApprovalRow(**found._asdict()) if found else None


async def waiting_of(tx: AsyncConnection, asked_by: str, *, now: datetime) -> int:
    """Return how much somebody asked that nobody has decided yet."""
    table = approvals.c
    query = select(func.count()).where(table.asked_by == asked_by, table.verdict.is_(None), table.expires_at > now)
    return int((await tx.execute(query)).scalar_one())


async def open_for(
    conn: AsyncConnection, actions: Collection[str], asked_by: str, *, now: datetime, limit: int
) -> Sequence[ApprovalRow]:
    """Return what is neither used nor over, of some actions or asked by somebody, the oldest first."""
    table = approvals.c
    query = select(approvals).where(table.used_at.is_(None), table.expires_at > now)
    query = query.where(or_(table.action.in_(sorted(actions)), table.asked_by == asked_by))
    return [ApprovalRow(**row._asdict()) for row in await conn.execute(query.order_by(table.asked_at, table.id).limit(limit))]


async def decide(tx: AsyncConnection, approval_id: UUID, verdict: Verdict, *, by: str, now: datetime, until: datetime) -> bool:
    """Decide what nobody has decided yet. False: somebody has, or it is over."""
    table = approvals.c
    undecided = (table.id == approval_id, table.verdict.is_(None), table.expires_at > now)
    values = {"verdict": verdict, "decided_by": by, "decided_at": now, "expires_at": until}
    return (await tx.execute(update(approvals).where(*undecided).values(**values))).rowcount == 1


async def use(tx: AsyncConnection, approval_id: UUID, *, now: datetime) -> bool:
    """Use what was approved, once. False: it was used before, or is over."""
    table = approvals.c
    usable = (table.id == approval_id, table.verdict == "approved", table.used_at.is_(None), table.expires_at > now)
    return (await tx.execute(update(approvals).where(*usable).values(used_at=now))).rowcount == 1


async def makers_of_key(tx: AsyncConnection, key: str) -> frozenset[str]:
    """Return who made a key (`key:` and its id), as the audit has it."""
    query = select(audit_entries.c.actor).where(audit_entries.c.subject == key, audit_entries.c.action.in_(_KEY_MADE))
    return frozenset((await tx.execute(query)).scalars())


async def made_a_key_for(tx: AsyncConnection, makers: Collection[str], agent: str, *, since: datetime) -> bool:
    """Say whether one of these made a key in somebody's name that still opened something after `since`."""
    key, told = api_keys.c, audit_entries.c
    lived = (key.agent == agent, func.coalesce(key.revoked_at, key.expires_at) > since)
    made = (told.subject == func.concat("key:", key.id), told.action.in_(_KEY_MADE), told.actor.in_(sorted(makers)))
    return bool((await tx.execute(select(exists().where(*lived, *made)))).scalar_one())
