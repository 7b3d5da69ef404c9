"""Keys under which a request is carried out once: taken before the work, answered in the work's own transaction."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, null, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from tieline.store.tables_tickets import idempotency_keys


@dataclass(frozen=True, slots=True)
class TakenKey:
    """A key in use. `answer` None: the request under it is still being carried out, or its process died."""

    fingerprint: bytes
    taken_at: datetime
    answer: Mapping[str, Any] | None


async def take(tx: AsyncConnection, caller: str, key: str, *, fingerprint: bytes, now: datetime, expires_at: datetime) -> bool:
    """Take a key; False: somebody has it. One whose time is over is free."""
    values = {
        "caller": caller,
        "key": key,
        "fingerprint": fingerprint,
        "taken_at": now,
        "expires_at": expires_at,
        "answer": null(),
    }
    statement = upsert(idempotency_keys).values(values)
    again = statement.on_conflict_do_update(
        index_elements=["caller", "key"],
        set_={name: statement.excluded[name] for name in ("fingerprint", "taken_at", "expires_at", "answer")},
        where=idempotency_keys.c.expires_at <= now,
    )
    return (await tx.execute(again.returning(idempotency_keys.c.key))).one_or_none() is not None


async def find(conn: AsyncConnection, caller: str, key: str) -> TakenKey | None:
    """Return a key in use."""
    query = select(idempotency_keys).where(idempotency_keys.c.caller == caller, idempotency_keys.c.key == key)
    row = (await conn.execute(query)).one_or_none()
    return TakenKey(bytes(row.fingerprint), row.taken_at, row.answer) if row else None


async def take_over(tx: AsyncConnection, caller: str, key: str, *, taken_at: datetime, now: datetime) -> bool:
    """Take a key from a process that died over it; False: somebody else was faster, or it was answered after all."""
    table = idempotency_keys.c
    whose = (table.caller == caller, table.key == key, table.taken_at == taken_at, table.answer.is_(None))
    return (await tx.execute(update(idempotency_keys).where(*whose).values(taken_at=now))).rowcount == 1


async def answer(tx: AsyncConnection, caller: str, key: str, *, taken_at: datetime, answer: Mapping[str, Any]) -> bool:
    """Note the answer with the work; False: the key was taken over meanwhile, and this work must not be kept."""
    table = idempotency_keys.c
    whose = (table.caller == caller, table.key == key, table.taken_at == taken_at)
    return (await tx.execute(update(idempotency_keys).where(*whose).values(answer=dict(answer)))).rowcount == 1


async def give_back(tx: AsyncConnection, caller: str, key: str, *, taken_at: datetime) -> None:
    """Free a key whose request was refused: nothing happened under it."""
    table = idempotency_keys.c
    whose = (table.caller == caller, table.key == key, table.taken_at == taken_at, table.answer.is_(None))
    await tx.execute(delete(idempotency_keys).where(*whose))


async def forget(tx: AsyncConnection, *, now: datetime) -> int:
    """Delete the keys whose time is over, and return how many."""
    return (await tx.execute(delete(idempotency_keys).where(idempotency_keys.c.expires_at <= now))).rowcount
