"""Deliveries that stand still: listed, and set going again, settled by hand or withdrawn by a person."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from tieline.domain.delivery import Delivered, Delivery, StuckState
from tieline.store import driver_rows
from tieline.store.deliveries import delivery_of
from tieline.store.tables_deliveries import deliveries, delivery_attempts

STUCK: Final[tuple[StuckState, ...]] = ("dead", "parked", "unknown")
MOST_AT_ONCE: Final = 10_000

_REPLAY: Final = """
    WITH chosen AS (
        SELECT id, row_number() OVER (ORDER BY position) - 1 AS place FROM deliveries
        WHERE id = ANY(%(ids)s) AND state IN ('dead', 'parked')
    )
    UPDATE deliveries SET
        state = 'pending', state_at = clock_timestamp(), fence = fence + 1, woken_at = NULL, first_tried_at = NULL,
        due_at = clock_timestamp() + (chosen.place / %(per_s)s) * interval '1 second',
        failures = 0, held_back = 0, faults = 0, crashes = 0
    FROM chosen WHERE deliveries.id = chosen.id AND deliveries.state IN ('dead', 'parked')
    RETURNING deliveries.id, deliveries.connection, deliveries.order_key, chosen.place::integer AS place
"""
_SETTLE: Final = """
    UPDATE deliveries SET
        state = %(state)s, state_at = clock_timestamp(), due_at = clock_timestamp(), fence = fence + 1, sent_at = NULL,
        absent_at = NULL, confirmed_at = NULL, woken_at = NULL, failures = 0, held_back = 0, faults = 0, crashes = 0,
        first_tried_at = NULL, reason = CASE WHEN %(state)s = 'delivered' THEN NULL ELSE reason END,
        external_id = coalesce(%(external_id)s, external_id), external_url = coalesce(%(external_url)s, external_url)
    WHERE id = %(id)s AND state = ANY(%(from_states)s)
"""


@dataclass(frozen=True, slots=True)
class LetterFilter:
    """Which deliveries are wanted; None: any. `before`: stuck since before that."""

    state: StuckState | None = None
    connection: str | None = None
    operation: str | None = None
    object_kind: str | None = None
    reason: str | None = None
    before: datetime | None = None


@dataclass(frozen=True, slots=True)
class KeptAttempt:
    """One exchange with the vendor. Without `ended_at` nobody heard how it ended."""

    purpose: str
    worker: str
    started_at: datetime
    ended_at: datetime | None
    outcome: str | None
    kind: str | None


@dataclass(frozen=True, slots=True)
class Replayed:
    """One delivery set going again, as the so-manieth."""

    id: UUID
    connection: str
    order_key: str
    place: int


async def page(
    conn: AsyncConnection, wanted: LetterFilter, *, after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[Delivery]:
    """Return deliveries that stand still, the latest first, from just past `after` (state_at, id)."""
    table = deliveries.c
    query = select(deliveries).where(*_conditions(wanted)).order_by(table.state_at.desc(), table.id.desc()).limit(limit)
    if after is not None:
        query = query.where(tuple_(table.state_at, table.id) < tuple_(*after))
    return [delivery_of(row) for row in await conn.execute(query)]


async def matching(conn: AsyncConnection, wanted: LetterFilter) -> list[UUID]:
    """Return those that a replay would set going, in the order promised, ten thousand at most."""
    table = deliveries.c
    replayable = table.state.in_(("dead", "parked"))
    query = select(table.id).where(replayable, *_conditions(wanted)).order_by(table.position).limit(MOST_AT_ONCE)
    return list((await conn.execute(query)).scalars())


async def attempts(conn: AsyncConnection, delivery_id: UUID) -> Sequence[KeptAttempt]:
    """Return every exchange about a delivery, oldest first."""
    columns = [delivery_attempts.c[name] for name in KeptAttempt.__dataclass_fields__]
    query = select(*columns).where(delivery_attempts.c.delivery_id == delivery_id).order_by(delivery_attempts.c.id)
    return [KeptAttempt(**row._asdict()) for row in await conn.execute(query)]


async def replay(tx: AsyncConnection, ids: Sequence[UUID], *, per_s: float) -> list[Replayed]:
    """Set given-up deliveries going again, so many a second, with their counters at zero; what nobody gave up stays as it is."""
    return await driver_rows.rows(tx, Replayed, _REPLAY, {"ids": list(ids), "per_s": per_s})


async def settle(
    tx: AsyncConnection, delivery: Delivery, state: str, *, from_states: Sequence[str], result: Delivered | None = None
) -> bool:
    """Give a delivery that stands still another state, by hand. False: it does not stand still in one of these."""
    given = asdict(result) if result else {}
    values: dict[str, Any] = {"id": delivery.id, "state": state, "from_states": list(from_states)}
    links = {name: given.get(name) for name in ("external_id", "external_url")}
    return await driver_rows.execute(tx, _SETTLE, {**values, **links}) == 1


def _conditions(wanted: LetterFilter) -> list[ColumnElement[bool]]:
    table = deliveries.c
    conditions: list[ColumnElement[bool]] = [table.state.in_((wanted.state,) if wanted.state else STUCK)]
    for name in ("connection", "operation", "object_kind", "reason"):
        value = getattr(wanted, name)
        if value is not None:
            conditions.append(table[name] == value)
    if wanted.before is not None:
        conditions.append(table.state_at < wanted.before)
    return conditions
