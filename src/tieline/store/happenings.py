"""What happened, written with the fact: each taken once for rules to act on, and told once to whoever subscribed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from tieline.store import driver_rows

CHANNEL: Final = "tieline_events"
_ADD: Final = f"""
    WITH added AS (
        INSERT INTO events (kind, subject, occurred_at, recorded_at, fields)
        VALUES (%(kind)s, %(subject)s, %(occurred_at)s, %(now)s, %(fields)s::jsonb) RETURNING id
    ) SELECT pg_notify('{CHANNEL}', '') FROM added
"""  # noqa: S608 - only a constant of this file is put in
_TAKE: Final = """
    UPDATE events SET taken_at = %(now)s WHERE id IN (
        SELECT id FROM events WHERE taken_at IS NULL ORDER BY id LIMIT %(most)s FOR UPDATE SKIP LOCKED
    ) RETURNING id, kind, subject, occurred_at, fields
"""
_TURN: Final = "SELECT pg_advisory_xact_lock(hashtext('tieline.events.tell'))"
_TELL: Final = """
    UPDATE events SET told_at = %(now)s WHERE id IN (
        SELECT id FROM events WHERE told_at IS NULL ORDER BY id LIMIT %(most)s FOR UPDATE
    ) RETURNING id, kind, subject, occurred_at, fields, recorded_at
"""


@dataclass(frozen=True, slots=True)
class Happening:
    """One event. `recorded_at`: when it was written down, None before that. `subject` is `connection:id`, or an id of ours."""

    kind: str
    subject: str
    occurred_at: datetime
    fields: Mapping[str, Any]
    id: int = 0
    recorded_at: datetime | None = None


async def add(tx: AsyncConnection, happening: Happening, *, now: datetime) -> None:
    """Write down what happened, if the transaction commits."""
    values = {"kind": happening.kind, "subject": happening.subject, "occurred_at": happening.occurred_at, "now": now}
    await driver_rows.execute(tx, _ADD, {**values, "fields": orjson.dumps(dict(happening.fields)).decode()})


async def take(tx: AsyncConnection, *, most: int, now: datetime) -> list[Happening]:
    """Take what nobody took yet; if the transaction fails, others may."""
    return sorted(await driver_rows.rows(tx, Happening, _TAKE, {"most": most, "now": now}), key=lambda one: one.id)


async def tell(tx: AsyncConnection, *, most: int, now: datetime) -> list[Happening]:
    """Take what no subscriber was told of yet; if the transaction fails, others may.

    One after the other: what happened later to an object is not promised before what happened to it first.
    """
    await driver_rows.column(tx, _TURN, {})
    return sorted(await driver_rows.rows(tx, Happening, _TELL, {"most": most, "now": now}), key=lambda one: one.id)


async def forget(tx: AsyncConnection, *, recorded_before: datetime) -> int:
    """Delete what is over, and return how many."""
    return await driver_rows.execute(tx, "DELETE FROM events WHERE recorded_at < %(before)s", {"before": recorded_before})
