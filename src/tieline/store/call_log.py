"""The log of call events: each once, with what it brought about."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from tieline.domain.call import CallEvent
from tieline.store import driver_rows
from tieline.store.tables_calls import call_aliases, call_events, interactions

_MOVE: Final = text("""
    UPDATE call_events SET interaction_id = :onto WHERE interaction_id = :from_ AND dedupe_key = ANY(CAST(:keys AS text[]))
      AND NOT EXISTS (
          SELECT FROM call_events AS kept WHERE kept.interaction_id = :onto AND kept.dedupe_key = call_events.dedupe_key)
""")


_ADD: Final = """
    INSERT INTO call_events (interaction_id, leg_key, type, at, received_at, dedupe_key, effect, event)
    VALUES (%(interaction_id)s, %(leg_key)s, %(type)s, %(at)s, %(received_at)s, %(dedupe_key)s, %(effect)s, %(event)s::jsonb)
    ON CONFLICT (interaction_id, dedupe_key) DO NOTHING
"""

_READ: Final = """
    SELECT interaction_id, dedupe_key, event::text, received_at, effect FROM call_events
    WHERE interaction_id = ANY(%(ids)s) ORDER BY id LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """An event as it was logged. `effect` says what it brought about, or the rule by which it brought about nothing."""

    interaction_id: UUID
    dedupe_key: str
    event: CallEvent
    received_at: datetime
    effect: str


async def add(tx: AsyncConnection, logged: LoggedEvent) -> bool:
    """Log an event; False: it was logged before."""
    event = logged.event
    values = {
        "interaction_id": logged.interaction_id,
        "leg_key": event.leg_id,
        "type": event.type,
        "at": event.at,
        "received_at": logged.received_at,
        "dedupe_key": logged.dedupe_key,
        "effect": logged.effect,
        "event": event.model_dump_json(exclude_none=True),
    }
    return await driver_rows.execute(tx, _ADD, values) == 1


async def read(conn: AsyncConnection, ids: Iterable[UUID], *, limit: int) -> list[LoggedEvent]:
    """Return the events of interactions, in the order in which they were received; `limit` at most."""
    wanted = list(ids)
    found = await driver_rows.rows(conn, _Row, _READ, {"ids": wanted, "limit": limit}) if wanted else []
    return [LoggedEvent(row.interaction_id, row.dedupe_key, _event(row.event), row.received_at, row.effect) for row in found]


@dataclass(frozen=True, slots=True)
class _Row:
    interaction_id: UUID
    dedupe_key: str
    event: str
    received_at: datetime
    effect: str


def _event(text: str) -> CallEvent:
    return CallEvent.model_validate_json(text)


async def heard(conn: AsyncConnection, provider: str, *, since: datetime, limit: int = 64) -> list[tuple[datetime, datetime]]:
    """Return when the latest events of an exchange happened and when they were received, oldest first."""
    latest = select(call_events.c.interaction_id, call_events.c.at, call_events.c.received_at).order_by(call_events.c.id.desc())
    recent = latest.limit(limit).subquery()
    query = (
        select(recent.c.at, recent.c.received_at)
        .join(interactions, interactions.c.id == recent.c.interaction_id)
        .where(interactions.c.provider == provider, recent.c.received_at >= since)
        .order_by(recent.c.received_at)
    )
    return [(row.at, row.received_at) for row in await conn.execute(query)]


async def move(tx: AsyncConnection, keys: Iterable[str], *, from_: UUID, onto: UUID) -> None:
    """Hand events over to another interaction; one it has already stays behind."""
    await tx.execute(_MOVE, {"keys": list(keys), "from_": from_, "onto": onto})


async def move_names(tx: AsyncConnection, names: Iterable[str], *, from_: UUID, onto: UUID, joined_by: dict[str, str]) -> None:
    """Hand names over to another interaction. `joined_by` tells anew how some of them were joined."""
    for name in names:
        here = (call_aliases.c.interaction_id == from_) & (call_aliases.c.call_key == name)
        values = {"interaction_id": onto} | ({"joined_by": joined_by[name]} if name in joined_by else {})
        await tx.execute(update(call_aliases).where(here).values(values))


async def drop_interaction(tx: AsyncConnection, interaction_id: UUID) -> None:
    """Delete an interaction whose events and names have all been handed over; its legs go with it."""
    await tx.execute(interactions.delete().where(interactions.c.id == interaction_id))
