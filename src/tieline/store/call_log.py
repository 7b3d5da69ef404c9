"""The log of call events: each once, with what it brought about."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import bindparam, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from tieline.domain.call import CallEvent
from tieline.store.tables_calls import call_aliases, call_events, interactions

_MOVE: Final = text("""
    UPDATE call_events SET interaction_id = :onto WHERE interaction_id = :from_ AND dedupe_key = ANY(CAST(:keys AS text[]))
      AND NOT EXISTS (
          SELECT FROM call_events AS kept WHERE kept.interaction_id = :onto AND kept.dedupe_key = call_events.dedupe_key)
""")


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
        "event": event.model_dump(mode="json", exclude_none=True),
    }
    added = insert(call_events).values(values).on_conflict_do_nothing(index_elements=["interaction_id", "dedupe_key"])
    return (await tx.execute(added)).rowcount == 1


async def note_effect(tx: AsyncConnection, interaction_id: UUID, dedupe_key: str, effect: str) -> None:
    """Write down what an event brought about, once that is known."""
    here = (call_events.c.interaction_id == interaction_id) & (call_events.c.dedupe_key == dedupe_key)
    await tx.execute(update(call_events).where(here).values(effect=effect))


async def read(conn: AsyncConnection, ids: Iterable[UUID], *, limit: int) -> list[LoggedEvent]:
    """Return the events of interactions, in the order in which they were received; `limit` at most."""
    columns = (call_events.c[name] for name in LoggedEvent.__dataclass_fields__)
    query = (
        select(*columns)
        .where(call_events.c.interaction_id == func.any(bindparam("ids", list(ids))))
        .order_by(call_events.c.id)
        .limit(limit)
    )
    rows = await conn.execute(query)
    return [LoggedEvent(**(row._asdict() | {"event": CallEvent.model_validate(row.event)})) for row in rows]


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
