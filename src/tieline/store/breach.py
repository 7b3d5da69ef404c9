"""Who was shown whom between two moments, out of the audit trail: what must be told after a breach.

Source: PIPL art. 57, GDPR art. 33.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from psycopg.rows import dict_row

from tieline.store.database_connect import Connection
from tieline.store.patience import take_time_on

ROWS_AT_ONCE: Final = 5_000
EXPOSING: Final = (
    "pop.answered",
    "pop.shown",
    "pop.updated",
    "pop.opened",
    "customer.searched",
    "customer.read",
    "customer.revealed",
    "customer.orders_read",
    "customer.tickets_read",
    "customer.invoices_read",
    "customer.contracts_read",
    "customer.interactions_read",
    "order.read",
    "feedback.read",
    "mapping.previewed_live",
    "privacy.exported",
    "export.begun",
)
"""Entries that say that somebody was shown somebody's data."""

_WITHIN: Final = """
    at >= %(since)s AND at < %(until)s AND action = ANY(%(actions)s::text[]) AND (%(actor)s::text IS NULL OR actor = %(actor)s)
"""
_WHO: Final = f"""
    SELECT actor, max(actor_role) AS role, action, count(*) AS times, count(DISTINCT subject) AS subjects,
        min(at) AS first_at, max(at) AS last_at
    FROM audit_entries WHERE {_WITHIN} GROUP BY actor, action ORDER BY times DESC, actor, action
"""  # noqa: S608 - only a constant of this file is put in
_WHOM: Final = f"""
    SELECT person.name AS subject, count(*) AS times, array_agg(DISTINCT actor ORDER BY actor) AS actors,
        array_agg(DISTINCT action ORDER BY action) AS actions,
        array_remove(array_agg(DISTINCT details ->> 'field'), NULL) AS revealed, min(at) AS first_at, max(at) AS last_at
    FROM audit_entries CROSS JOIN LATERAL (
        SELECT subject AS name WHERE subject IS NOT NULL
        UNION SELECT jsonb_array_elements_text(coalesce(details -> 'found', '[]') || coalesce(details -> 'candidates', '[]'))
    ) AS person
    WHERE {_WITHIN} GROUP BY person.name ORDER BY person.name
"""  # noqa: S608 - likewise


@dataclass(frozen=True, slots=True)
class Period:
    """From a moment to just before another; `actor`: only what this one did."""

    since: datetime
    until: datetime
    actor: str | None = None

    @property
    def values(self) -> Mapping[str, Any]:
        """Return it as the statements want it."""
        return {"since": self.since, "until": self.until, "actor": self.actor, "actions": list(EXPOSING)}


async def who(connection: Connection, period: Period) -> list[dict[str, Any]]:
    """Return who was shown something: how often, about how many, from when to when. Needs a transaction, as `whom` does."""
    await take_time_on(connection)
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_WHO.encode(), period.values)
        return await cursor.fetchall()


async def whom(connection: Connection, period: Period) -> AsyncIterator[Sequence[dict[str, Any]]]:
    """Yield, in lots, whose data was shown: by whom, how, and which masked fields were opened. Needs a transaction."""
    async with connection.cursor(name="breach", row_factory=dict_row) as cursor:
        cursor.itersize = ROWS_AT_ONCE
        await cursor.execute(_WHOM.encode(), period.values)
        while rows := await cursor.fetchmany(ROWS_AT_ONCE):
            yield rows
