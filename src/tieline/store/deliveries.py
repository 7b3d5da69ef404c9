"""Deliveries as rows: kept in the order promised, found by what they are about.

How they are claimed and settled is in `delivery_claims`; what waits for a person in `dead_letters`.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from tieline.domain.delivery import Delivery, Effect, makes_something
from tieline.kit.ids import time_ordered_id
from tieline.store import driver_rows
from tieline.store.tables_deliveries import deliveries

CHANNEL: Final = "tieline_deliveries"
FITS_IN_A_NOTE: Final = 7000
"""Bytes; Postgres takes 8,000 less one."""
_BETWEEN: Final = "\x1f"


async def announce(tx: AsyncConnection, connection: str, order_keys: Sequence[str]) -> list[str]:
    """Tell every worker, once this commits, that some orders have something due. Return those whose names are too long for it."""
    notes = {key: f"{connection}{_BETWEEN}{key}" for key in order_keys}
    fitting = [note for note in notes.values() if len(note.encode()) <= FITS_IN_A_NOTE]
    if fitting:
        statement = "SELECT pg_notify(%(channel)s, note) FROM unnest(%(notes)s::text[]) AS note"
        await driver_rows.execute(tx, statement, {"channel": CHANNEL, "notes": fitting})
    return [key for key, note in notes.items() if len(note.encode()) > FITS_IN_A_NOTE]


def announced(note: str) -> tuple[str, str]:
    """Return connection and order of a note."""
    connection, _, order_key = note.partition(_BETWEEN)
    return connection, order_key


async def insert(tx: AsyncConnection, effects: Sequence[Effect], *, now: datetime) -> list[tuple[UUID, bool]]:
    """Keep effects in this order; return for each the delivery's id and whether it is new, its key not seen before."""
    if not effects:
        return []
    given = [_values(effect, now) for effect in effects]
    statement = upsert(deliveries).values(given).on_conflict_do_nothing(index_elements=["key"])
    new = {row.key: row.id for row in await tx.execute(statement.returning(deliveries.c.key, deliveries.c.id))}
    known = await _ids(tx, [one["key"] for one in given if one["key"] not in new])
    return [(found, found == one["id"]) for one in given for found in (new.get(one["key"]) or known[one["key"]],)]


async def find(conn: AsyncConnection, delivery_id: UUID) -> Delivery | None:
    """Return one delivery."""
    row = (await conn.execute(select(deliveries).where(deliveries.c.id == delivery_id))).one_or_none()
    return delivery_of(row) if row else None


async def of_object(conn: AsyncConnection, kind: str, object_id: str) -> list[Delivery]:
    """Return everything promised about one object, oldest first."""
    table = deliveries.c
    query = select(deliveries).where(table.object_kind == kind, table.object_id == object_id).order_by(table.position)
    return [delivery_of(row) for row in await conn.execute(query)]


async def withdraw_all(tx: AsyncConnection, connection: str, *, reason: str) -> list[UUID]:
    """Withdraw all that is under way to one place, because there is no such place any more. Return which that were."""
    table = deliveries.c
    open_ones = update(deliveries).where(table.connection == connection, table.state.not_in(("delivered", "withdrawn")))
    values = {"state": "withdrawn", "state_at": func.clock_timestamp(), "reason": reason, "sent": None, "claimed_by": None}
    return list((await tx.execute(open_ones.values(values).returning(table.id))).scalars())


async def forget_sent(tx: AsyncConnection, delivery_id: UUID) -> None:
    """Forget what a delivery held: it was for one person's eyes."""
    await tx.execute(update(deliveries).where(deliveries.c.id == delivery_id).values(sent=None))


async def forget(tx: AsyncConnection, *, settled_before: datetime) -> int:
    """Delete what was delivered or withdrawn long ago, with its attempts, and return how many."""
    table = deliveries.c
    old = delete(deliveries).where(table.state.in_(("delivered", "withdrawn")), table.state_at < settled_before)
    return (await tx.execute(old)).rowcount


def delivery_of(row: Row[Any]) -> Delivery:
    """Read a whole row."""
    return Delivery(**row._asdict())


async def _ids(tx: AsyncConnection, keys: Sequence[str]) -> dict[str, UUID]:
    if not keys:
        return {}
    query = select(deliveries.c.key, deliveries.c.id).where(deliveries.c.key.in_(keys))
    return {row.key: row.id for row in await tx.execute(query)}


def _values(effect: Effect, now: datetime) -> dict[str, Any]:
    delivery_id = UUID(time_ordered_id(now))
    wait = max(effect.not_before - now, timedelta(0)) if effect.not_before else timedelta(0)
    return {
        "id": delivery_id,
        "connection": effect.connection,
        "operation": effect.operation,
        "object_kind": effect.object_kind,
        "object_id": effect.object_id,
        "order_key": effect.order_key,
        "key": effect.key or str(delivery_id),
        "priority": effect.priority,
        "blocks": makes_something(effect.operation) if effect.blocks is None else effect.blocks,
        "inputs": dict(effect.inputs),
        "state_at": now,
        "due_at": func.clock_timestamp() + wait,
        "promised_at": now,
    }
