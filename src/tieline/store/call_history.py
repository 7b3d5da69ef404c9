"""The earlier calls of a customer or a number, as a part of what `store.memory` asks when a telephone rings."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from tieline.domain.repeat_caller import PastCall

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


def past_call(row: Mapping[str, Any]) -> PastCall:
    """Read one call that `PAST` found; instants as ISO text."""
    instants = {name: datetime.fromisoformat(row[name]) for name in ("started_at", "answered_at", "ended_at") if row[name]}
    return PastCall(**{**row, **instants})
