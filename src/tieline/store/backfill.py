"""Calls, tickets and answers that are over, put in all at once: for a house that begins with a past."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Table, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from tieline.store.tables_calls import call_aliases, call_wrap_ups, interactions, legs, pops
from tieline.store.tables_feedback import feedback
from tieline.store.tables_surveys import feedback_loops
from tieline.store.tables_tickets import ticket_numbers, tickets

Rows = Sequence[Mapping[str, Any]]
TABLES: Final[Mapping[str, Table]] = {
    "interactions": interactions,
    "call_aliases": call_aliases,
    "legs": legs,
    "call_wrap_ups": call_wrap_ups,
    "pops": pops,
    "tickets": tickets,
    "feedback": feedback,
    "feedback_loops": feedback_loops,
}
"""In an order in which each row finds what it refers to."""


async def has_a_past(conn: AsyncConnection) -> bool:
    """Say whether there is any call."""
    return (await conn.execute(select(interactions.c.id).limit(1))).first() is not None


async def put_in(tx: AsyncConnection, past: Mapping[str, Rows]) -> None:
    """Add rows by table. Tickets get their numbers here, in the order given."""
    for name, table in TABLES.items():
        rows = past.get(name, ())
        if not rows:
            continue
        numbered = insert(table).values(number=ticket_numbers.next_value()) if table is tickets else insert(table)
        await tx.execute(numbered, list(rows))
