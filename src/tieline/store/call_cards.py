"""What a card needs to know of the call it belongs to, read when the card is made and again when it changes."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_FACTS: Final = text("""
    SELECT id AS interaction_id, provider, call_key, direction, customer_raw, line, queue, state, started_at, answered_at,
           ended_at, customer_ref, identity_level, told.transferred_from, told.owner
    FROM interactions, LATERAL (
        SELECT (array_agg(agent ORDER BY ended_at DESC, id) FILTER (
                   WHERE ended_at IS NOT NULL AND answered_at IS NOT NULL AND agent IS DISTINCT FROM CAST(:agent AS text)
               ))[1] AS transferred_from,
               (array_agg(agent ORDER BY answered_at, id) FILTER (
                   WHERE ended_at IS NULL AND answered_at IS NOT NULL AND agent IS NOT NULL
               ))[1] AS owner
        FROM legs WHERE legs.interaction_id = interactions.id AND kind <> 'queue'
    ) AS told
    WHERE id = :id
""")


@dataclass(frozen=True, slots=True)
class CallFacts:
    """One interaction as a card shows it. `owner` talks with the customer now; `transferred_from` talked before."""

    interaction_id: UUID
    provider: str
    call_key: str
    direction: str
    customer_raw: str | None
    line: str | None
    queue: str | None
    state: str
    started_at: datetime
    answered_at: datetime | None
    ended_at: datetime | None
    customer_ref: str | None
    identity_level: int
    transferred_from: str | None
    owner: str | None


async def facts_of(conn: AsyncConnection, interaction_id: UUID, *, agent: str | None) -> CallFacts | None:
    """Return the facts for `agent`'s card; None: there is no such interaction."""
    row: Any = (await conn.execute(_FACTS, {"id": interaction_id, "agent": agent})).one_or_none()
    return None if row is None else CallFacts(**row._asdict())
