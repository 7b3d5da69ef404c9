"""The log of what was sent to each agent's screen: appended in order, announced on commit, read from any position."""

from collections.abc import AsyncGenerator, Mapping
from datetime import datetime
from typing import Any, Final

import orjson
from psycopg.rows import class_row
from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncConnection

from tieline.domain.agent_event import AgentEvent, SentEvent
from tieline.store.database import Database, driver
from tieline.store.database_connect import Connection
from tieline.store.tables_calls import agent_events

CHANNEL: Final = "tieline_agent"
ORDER_LOCK: Final = 7_311
"""First half of the advisory lock's key; the second is the agent's hash."""

APPEND: Final = f"""
WITH turn AS MATERIALIZED (SELECT pg_advisory_xact_lock({ORDER_LOCK}, hashtext(%(agent)s))),
written AS (
    INSERT INTO agent_events (agent, kind, pop_id, seq, payload, at)
    SELECT %(agent)s, %(kind)s, %(pop_id)s, %(seq)s, %(payload)s::jsonb, %(at)s FROM turn
    RETURNING id
)
SELECT id, pg_notify('{CHANNEL}', %(agent)s) FROM written
"""  # noqa: S608 - only constants of this file are put in
"""The lock is taken before the id is drawn and held until commit, so an agent's ids appear in ascending order.

Without it, the writer of a smaller id could commit after a reader had already moved past it.
"""

AFTER: Final = """
SELECT id, kind, pop_id, payload::text, at FROM agent_events
WHERE agent = %(agent)s AND id > %(position)s ORDER BY id LIMIT %(limit)s
"""

HOLDS: Final = "SELECT EXISTS (SELECT FROM agent_events WHERE agent = %(agent)s AND id = %(position)s)"

POSITION: Final = "SELECT coalesce(max(id), 0) FROM agent_events WHERE agent = %(agent)s"

LATEST: Final = """
SELECT DISTINCT ON (pop_id, kind = 'pop.withdraw') id, kind, pop_id, payload::text, at FROM agent_events
WHERE agent = %(agent)s AND at >= %(since)s AND id <= %(position)s AND kind IN ('pop.show', 'pop.update', 'pop.withdraw')
ORDER BY pop_id, kind = 'pop.withdraw', id DESC
"""


class AgentEventLog:
    """The log in Postgres, as `tieline.push.channel` wants it. Everything raises `Overloaded` while the database is away."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def append(self, event: AgentEvent, *, now: datetime, tx: AsyncConnection | None = None) -> int:
        """Write one event and announce it on commit; return its id. The payload gains `seq` and `at`.

        Within `tx`, write to several agents in the order of their ids: two transactions that go opposite ways would
        wait for one another.
        """
        if tx is not None:
            return await append(tx, event, now=now)
        async with self._database.pool.connection() as connection:
            return await _append(connection, _values(event, now))

    async def after(self, agent: str, position: int, *, limit: int) -> list[SentEvent]:
        """Return the agent's events behind `position`, oldest first, at most `limit`."""
        return await self._read(AFTER, {"agent": agent, "position": position, "limit": limit})

    async def holds(self, agent: str, position: int) -> bool:
        """Say whether `position` is an event of this agent that is still kept."""
        return bool(await self._value(HOLDS, {"agent": agent, "position": position}))

    async def latest(self, agent: str, *, since: datetime) -> tuple[int, list[SentEvent]]:
        """Return the newest position and, as of it, each pop's last state and its last withdrawal at or after `since`."""
        position = int(await self._value(POSITION, {"agent": agent}))
        rows = await self._read(LATEST, {"agent": agent, "since": since, "position": position})
        return position, sorted(rows, key=lambda event: event.id)

    async def announcements(self) -> AsyncGenerator[str | None, None]:
        """Yield the agent of each new event; None whenever some may have gone unannounced."""
        async with self._database.listen(CHANNEL) as notes:
            async for note in notes:
                yield None if note.resync else note.payload

    async def _read(self, query: str, values: Mapping[str, Any]) -> list[SentEvent]:
        async with self._database.pool.connection() as connection, connection.cursor(row_factory=class_row(SentEvent)) as cursor:
            await cursor.execute(query.encode(), values)
            return await cursor.fetchall()

    async def _value(self, query: str, values: Mapping[str, Any]) -> Any:  # noqa: ANN401 - one column of whatever type
        async with self._database.pool.connection() as connection:
            row = await (await connection.execute(query.encode(), values)).fetchone()
        return row[0] if row else None


async def append(tx: AsyncConnection, event: AgentEvent, *, now: datetime) -> int:
    """Write one event within a transaction; it is announced on commit. Agents in the order of their ids, as above."""
    return await _append(await driver(tx), _values(event, now))


async def forget(tx: AsyncConnection, *, before: datetime) -> int:
    """Delete events older than `before` and return how many; what was on a screen yesterday is kept nowhere here."""
    return (await tx.execute(delete(agent_events).where(agent_events.c.at < before))).rowcount


def _values(event: AgentEvent, now: datetime) -> dict[str, Any]:
    payload = orjson.dumps({**event.payload, "seq": event.seq, "at": now}, option=orjson.OPT_UTC_Z).decode()
    return {"agent": event.agent, "kind": event.kind, "pop_id": event.pop_id, "seq": event.seq, "payload": payload, "at": now}


async def _append(connection: Connection, values: Mapping[str, Any]) -> int:
    row = await (await connection.execute(APPEND.encode(), values)).fetchone()
    assert row is not None  # noqa: S101 - the statement returns the row it wrote
    return int(row[0])
