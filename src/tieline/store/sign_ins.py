"""Who somebody a provider vouches for is here, and what in a sign-in may be used once."""

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from tieline.store.tables_access import sign_in_identities, sign_in_marks


async def bind(tx: AsyncConnection, issuer: str, subject: str, *, agent: str, now: datetime) -> bool:
    """Say whether this person is this agent, which the first sign-in decides for good."""
    row = {"issuer": issuer, "subject": subject, "agent": agent, "bound_at": now}
    await tx.execute(insert(sign_in_identities).values(row).on_conflict_do_nothing())
    table = sign_in_identities.c
    bound = await tx.execute(select(table.agent).where(table.issuer == issuer, table.subject == subject))
    return bound.scalar_one_or_none() == agent


async def unbind(tx: AsyncConnection, agent: str) -> int:
    """Forget who an agent is at every provider; the next to sign in under the name is bound anew. Return how many were bound."""
    return (await tx.execute(delete(sign_in_identities).where(sign_in_identities.c.agent == agent))).rowcount


async def take_once(tx: AsyncConnection, digest: bytes, *, until: datetime) -> bool:
    """Say whether this is the first time; until then every further one is not."""
    row = insert(sign_in_marks).values(digest=digest, until=until)
    taken = await tx.execute(row.on_conflict_do_nothing().returning(sign_in_marks.c.until))
    return taken.one_or_none() is not None


async def forget_marks(tx: AsyncConnection, *, now: datetime) -> int:
    """Let go of what could not be used again anyway, and return how many."""
    return (await tx.execute(delete(sign_in_marks).where(sign_in_marks.c.until < now))).rowcount
