"""Which cards on agents' screens show a ticket of ours: those of its own call, and those of live calls that list a copy of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from tieline.store import driver_rows

_SHOWING: Final = """
    WITH copies AS (
        SELECT coalesce(jsonb_agg(connection || ':' || external_id), '[]') AS refs FROM ticket_links
        WHERE ticket_id = %(ticket_id)s AND external_id IS NOT NULL
    )
    SELECT pop.agent, pop.id AS pop_id FROM pops AS pop
    WHERE pop.state = 'shown' AND pop.agent IS NOT NULL AND pop.promised_at >= %(since)s AND (
        pop.call_id = %(call_id)s
        OR pop.interaction_id IN (SELECT interaction_id FROM call_aliases WHERE call_key = %(call_id)s)
    )
    UNION
    SELECT pop.agent, pop.id FROM interactions AS call
    JOIN pops AS pop ON pop.interaction_id = call.id AND pop.state = 'shown' AND pop.agent IS NOT NULL
    CROSS JOIN copies
    CROSS JOIN LATERAL (
        SELECT payload FROM agent_events AS sent
        WHERE sent.agent = pop.agent AND sent.pop_id = pop.id AND sent.kind IN ('pop.show', 'pop.update')
        ORDER BY sent.id DESC LIMIT 1
    ) AS card
    WHERE call.settled_at IS NULL AND call.last_event_at >= %(since)s
        AND jsonb_path_exists(card.payload, '$.blocks.*.items[*] ? (@.ref == $refs[*])', jsonb_build_object('refs', copies.refs))
    ORDER BY agent, pop_id
"""
_SHOWN: Final = """
    SELECT born.id FROM pops AS pop
    JOIN tickets AS born ON born.call_id = pop.call_id
        OR born.call_id IN (SELECT call_key FROM call_aliases WHERE interaction_id = pop.interaction_id)
    WHERE pop.id = %(pop_id)s
    UNION
    SELECT link.ticket_id FROM pops AS pop
    CROSS JOIN LATERAL (
        SELECT payload FROM agent_events AS sent
        WHERE sent.agent = pop.agent AND sent.pop_id = pop.id AND sent.kind IN ('pop.show', 'pop.update')
        ORDER BY sent.id DESC LIMIT 1
    ) AS card
    CROSS JOIN LATERAL jsonb_path_query(card.payload, '$.blocks.*.items[*].ref') AS ref
    JOIN ticket_links AS link ON link.connection = split_part(ref #>> '{}', ':', 1)
        AND link.external_id = substr(ref #>> '{}', strpos(ref #>> '{}', ':') + 1)
    WHERE pop.id = %(pop_id)s
    LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True)
class Screen:
    """One card on one agent's screen."""

    agent: str
    pop_id: str


async def showing(tx: AsyncConnection, ticket_id: UUID, *, call_id: str | None, since: datetime) -> list[Screen]:
    """Return the cards that show a ticket, by the agents' ids. Cards and calls from before `since` are on no screen any more."""
    return await driver_rows.rows(tx, Screen, _SHOWING, {"ticket_id": ticket_id, "call_id": call_id, "since": since})


async def shown_on(conn: AsyncConnection, pop_id: str, *, limit: int) -> Sequence[UUID]:
    """Return the tickets of ours that a card shows: born in its call, or with a copy it lists, as it was last sent."""
    return await driver_rows.column(conn, _SHOWN, {"pop_id": pop_id, "limit": limit})
