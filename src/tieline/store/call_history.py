"""The earlier calls of a customer or a number; read on every screen pop, so one indexed query on a raw connection."""

from datetime import datetime
from typing import Final

from psycopg.rows import class_row

from tieline.domain.repeat_caller import FIRST_CONTACT_WINDOW, PastCall
from tieline.store.database_connect import Connection

_COLUMNS: Final = """
    SELECT id, call_key, direction, started_at, answered_at, ended_at, outcome, queue, line, hangup_cause, talk_s, customer_ref
    FROM interactions
    WHERE started_at >= %(since)s AND started_at < %(now)s AND NOT internal
      AND (provider, call_key) IS DISTINCT FROM (%(provider)s, %(call_key)s)
"""

_RECENT: Final = f"""
    WITH found AS (
        ({_COLUMNS} AND customer_e164 = %(e164)s ORDER BY started_at DESC LIMIT %(limit)s)
        UNION
        ({_COLUMNS} AND customer_ref = %(ref)s ORDER BY started_at DESC LIMIT %(limit)s)
    )
    SELECT found.id::text AS interaction_id, call_key AS call_id, direction, started_at, answered_at, ended_at, outcome,
           latest.agent, queue, line, hangup_cause, talk_s, customer_ref
    FROM found
    LEFT JOIN LATERAL (
        SELECT agent FROM legs WHERE legs.interaction_id = found.id AND agent IS NOT NULL
        ORDER BY answered_at DESC NULLS LAST, rang_at DESC NULLS LAST LIMIT 1
    ) AS latest ON true
    ORDER BY started_at DESC
    LIMIT %(limit)s
"""  # noqa: S608 - both halves are constants of this file


async def recent(
    conn: Connection,
    *,
    e164: str | None,
    ref: str | None,
    now: datetime,
    limit: int = 20,
    leave_out: tuple[str, str] | None = None,
) -> tuple[PastCall, ...]:
    """Return the calls of the last 7 days of a number (`e164`) or a customer (`ref`, as `crm:003xx`), newest first.

    `leave_out` is the (provider, call key) of the call that is ringing now. Internal calls do not count.
    """
    if e164 is None and ref is None:
        return ()
    provider, call_key = leave_out or (None, None)
    async with conn.cursor(row_factory=class_row(PastCall)) as cursor:
        await cursor.execute(
            _RECENT,
            {
                "since": now - FIRST_CONTACT_WINDOW,
                "now": now,
                "e164": e164,
                "ref": ref,
                "provider": provider,
                "call_key": call_key,
                "limit": limit,
            },
        )
        return tuple(await cursor.fetchall())
