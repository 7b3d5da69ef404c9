"""The earlier calls of a customer or a number, as a part of what `store.memory` asks when a telephone rings."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from tieline.domain.repeat_caller import PastCall
from tieline.store.call_records import CallRecord
from tieline.store.tables_calls import interactions

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


async def page_of_customer(
    conn: AsyncConnection, refs: Sequence[str], *, before: tuple[datetime, UUID] | None, limit: int
) -> list[dict[str, Any]]:
    """Return the calls with whoever is known by `refs`, newest first, from just past `before` (started_at, id)."""
    columns = [interactions.c[name] for name in CallRecord.__dataclass_fields__]
    table = interactions.c
    query = select(*columns).where(table.customer_ref.in_(refs)).order_by(table.started_at.desc(), table.id.desc()).limit(limit)
    if before is not None:
        query = query.where(tuple_(table.started_at, table.id) < tuple_(*before))
    return [{**row._mapping, "id": str(row.id), "call_id": row.call_key} for row in await conn.execute(query)]  # noqa: SLF001 - SQLAlchemy's public name for a row as a mapping
