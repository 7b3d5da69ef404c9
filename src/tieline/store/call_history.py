"""The earlier calls of a customer or a number: one indexed query. A ring asks it through `store.memory`."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from psycopg.rows import class_row

from tieline.domain.repeat_caller import FIRST_CONTACT_WINDOW, PastCall
from tieline.store.database_connect import Connection

CALLS_AT_MOST: Final = 20

_COLUMNS: Final = """
        SELECT id, call_key, direction, started_at, answered_at, ended_at, outcome, queue, line, hangup_cause, talk_s,
               customer_ref
        FROM interactions
        WHERE started_at >= asked.since AND started_at < asked.until AND NOT internal
          AND (provider, call_key) IS DISTINCT FROM (asked.provider, asked.call_key)
"""

PAST: Final = f"""
    WITH found AS (
        ({_COLUMNS} AND customer_e164 = asked.e164 ORDER BY started_at DESC LIMIT asked.most_calls)
        UNION
        ({_COLUMNS} AND customer_ref = asked.ref ORDER BY started_at DESC LIMIT asked.most_calls)
    )
    SELECT found.id::text AS interaction_id, call_key AS call_id, direction, started_at, answered_at, ended_at, outcome,
           latest.agent, queue, line, hangup_cause, talk_s, customer_ref
    FROM found
    LEFT JOIN LATERAL (
        SELECT agent FROM legs WHERE legs.interaction_id = found.id AND agent IS NOT NULL
        ORDER BY answered_at DESC NULLS LAST, rang_at DESC NULLS LAST LIMIT 1
    ) AS latest ON true
    ORDER BY started_at DESC
    LIMIT asked.most_calls
"""  # noqa: S608 - both halves are constants of this file
"""The calls of `asked.e164` or `asked.ref`, newest first, as a part of a larger statement."""

_RECENT: Final = f"""
    SELECT past.* FROM (
        SELECT %(e164)s::text AS e164, %(ref)s::text AS ref, %(since)s::timestamptz AS since, %(until)s::timestamptz AS until,
               %(provider)s::text AS provider, %(call_key)s::text AS call_key, %(most_calls)s::int AS most_calls
    ) AS asked CROSS JOIN LATERAL ({PAST}) AS past
""".encode()  # noqa: S608 - likewise


async def recent(
    conn: Connection,
    *,
    e164: str | None,
    ref: str | None,
    now: datetime,
    limit: int = CALLS_AT_MOST,
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
                "until": now,
                "e164": e164,
                "ref": ref,
                "provider": provider,
                "call_key": call_key,
                "most_calls": limit,
            },
        )
        return tuple(await cursor.fetchall())


def past_call(row: Mapping[str, Any]) -> PastCall:
    """Read one call that `PAST` found; instants as ISO text."""
    instants = {name: datetime.fromisoformat(row[name]) for name in ("started_at", "answered_at", "ended_at") if row[name]}
    return PastCall(**{**row, **instants})
