"""Rows of local administrators, and of how often in a row somebody failed to be one."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from tieline.store.tables_access import local_admin_failures, local_admins


@dataclass(frozen=True, slots=True)
class Failures:
    """How often in a row, and until when nothing more is looked at."""

    count: int
    wait_until: datetime


async def put(tx: AsyncConnection, name: str, sealed: bytes, *, now: datetime) -> None:
    """Keep sealed credentials, in place of earlier ones, of whose secret no code has been taken yet."""
    fields = {"sealed": sealed, "set_at": now, "last_step": 0}
    statement = insert(local_admins).values(name=name, **fields)
    await tx.execute(statement.on_conflict_do_update(index_elements=["name"], set_=fields))


async def sealed(conn: AsyncConnection, name: str) -> bytes | None:
    """Return the sealed credentials of a name."""
    found = (await conn.execute(select(local_admins.c.sealed).where(local_admins.c.name == name))).scalar_one_or_none()
    return None if found is None else bytes(found)


async def drop(tx: AsyncConnection, name: str | None) -> list[str]:
    """Forget one, or all; return whom."""
    statement = delete(local_admins).returning(local_admins.c.name)
    gone = await tx.execute(statement if name is None else statement.where(local_admins.c.name == name))
    return sorted(gone.scalars())


async def take_step(tx: AsyncConnection, name: str, step: int) -> bool:
    """Say whether no code of this step of time, or of a later one, was taken before; now it is."""
    newer = (local_admins.c.name == name) & (local_admins.c.last_step < step)
    return (await tx.execute(update(local_admins).where(newer).values(last_step=step))).rowcount == 1


async def failures(tx: AsyncConnection, name: str) -> Failures | None:
    """Return how often somebody has failed under a name; None: not since the last success."""
    table = local_admin_failures.c
    query = select(table.failures, table.wait_until).where(table.name_sha256 == _digest(name))
    found = (await tx.execute(query)).one_or_none()
    return Failures(*found) if found else None


async def note_failure(tx: AsyncConnection, name: str, failed: Failures, *, now: datetime) -> None:
    """Write down one more failure."""
    fields = {"failures": failed.count, "wait_until": failed.wait_until, "failed_at": now}
    statement = insert(local_admin_failures).values(name_sha256=_digest(name), **fields)
    await tx.execute(statement.on_conflict_do_update(index_elements=["name_sha256"], set_=fields))


async def forgive(tx: AsyncConnection, name: str) -> None:
    """Forget the failures under a name."""
    await tx.execute(delete(local_admin_failures).where(local_admin_failures.c.name_sha256 == _digest(name)))


async def forget_failures(tx: AsyncConnection, *, before: datetime) -> int:
    """Forget failures of long ago, and return of how many names."""
    return (await tx.execute(delete(local_admin_failures).where(local_admin_failures.c.failed_at < before))).rowcount


def _digest(name: str) -> bytes:
    return hashlib.sha256(name.encode()).digest()
