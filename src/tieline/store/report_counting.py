"""Counting: take marks, make the facts of what they name anew, and move the totals by the difference.

All in one transaction, one counter at a time: a mark that is gone was counted, a fact says what the totals hold of it, and
counting the same thing twice moves nothing. So no event,
doubled, late or out of order, can make a total differ from its rows.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Table, TextClause, delete, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from tieline.domain.kpi_formulas import Counted
from tieline.store import report_measures as measures
from tieline.store import report_sources as sources
from tieline.store import tables_reports as tables
from tieline.store.patience import take_time
from tieline.store.tables_reports import report_marks, report_state

_TURN: Final = 7_311_020_002
"""Key of the advisory lock; any constant that nothing else in this database uses."""


@dataclass(frozen=True, slots=True)
class FactKind:
    """One kind of thing that is counted. `also`: whose facts depend on those in `:ids`; `due_again`: when time changes one."""

    name: Counted
    facts: Table
    source: str
    measures: Mapping[str, str]
    totals: tuple[Table, ...]
    everything: str
    also: str | None = None
    due_again: str | None = None


KINDS: Final[tuple[FactKind, ...]] = (
    FactKind(
        "call",
        tables.call_facts,
        sources.CALLS,
        measures.CALLS,
        (tables.call_days, tables.call_hours),
        "SELECT id, started_at AS at FROM interactions",
        also=sources.CALLED_BEFORE,
        due_again=f"SELECT id, at + {sources.SAME_MATTER_WITHIN} FROM new WHERE outcome = 'served'"
        f" AND at + {sources.SAME_MATTER_WITHIN} > :now AND id NOT IN (SELECT id FROM old WHERE outcome = 'served')",
    ),
    FactKind(
        "ticket",
        tables.ticket_facts,
        sources.TICKETS,
        measures.TICKETS,
        (tables.ticket_days,),
        "SELECT id, created_at AS at FROM tickets",
    ),
    FactKind(
        "answer",
        tables.answer_facts,
        sources.ANSWERS,
        measures.ANSWERS,
        (tables.answer_days,),
        "SELECT id, at FROM feedback",
    ),
    FactKind(
        "delivery",
        tables.delivery_facts,
        sources.DELIVERIES,
        measures.DELIVERIES,
        (tables.delivery_days,),
        "SELECT id, promised_at AS at FROM deliveries WHERE state = 'delivered'",
    ),
)


async def count(tx: AsyncConnection, kind: FactKind, *, zone: str, now: datetime, limit: int) -> int:
    """Count what at most `limit` marks name, the oldest first, and return how many marks that were."""
    await tx.execute(select(func.pg_advisory_xact_lock(_TURN)))
    taken = (await tx.execute(_TAKE, {"kind": kind.name, "now": now, "limit": limit})).scalars().all()
    if not taken:
        return 0
    ids: set[UUID] = set(taken)
    if kind.also:
        ids.update((await tx.execute(text(kind.also), {"ids": [*ids]})).scalars())
    await tx.execute(_RECOUNT[kind.name], {"ids": sorted(ids), "zone": zone, "now": now})
    return len(taken)


async def oldest_mark(conn: AsyncConnection, *, now: datetime) -> datetime | None:
    """Return since when something waits to be counted; None: everything is."""
    found = await conn.execute(_OLDEST, {"kinds": [kind.name for kind in KINDS], "now": now})
    oldest: datetime | None = found.scalar()
    return oldest


async def waiting(conn: AsyncConnection, *, now: datetime) -> int:
    """Return how many marks wait to be counted."""
    await take_time(conn)
    found = await conn.execute(select(func.count()).where(report_marks.c.due_at <= now))
    return int(found.scalar_one())


async def counted_zone(tx: AsyncConnection) -> str | None:
    """Return where the days that were counted so far begin; None: nothing was counted."""
    found: str | None = (await tx.execute(select(report_state.c.zone))).scalar()
    return found


async def begin_anew(tx: AsyncConnection, *, zone: str) -> None:
    """Forget every fact and total, and mark everything to be counted with days as they are in `zone`.

    Calls go on and are marked meanwhile; what is read is locked last, for a moment.
    """
    await take_time(tx)
    await tx.execute(select(func.pg_advisory_xact_lock(_TURN)))
    await tx.execute(delete(report_marks))
    for kind in KINDS:
        everything = f"SELECT '{kind.name}', id FROM ({kind.everything}) AS every ORDER BY at"
        await tx.execute(text(f"INSERT INTO report_marks (kind, fact_id) {everything}"))
    await tx.execute(update(report_state).values(zone=zone))
    emptied = ", ".join(table.name for kind in KINDS for table in (kind.facts, *kind.totals))
    await tx.execute(text(f"TRUNCATE {emptied}"))


def _recount(kind: FactKind) -> TextClause:
    """Return the statement that makes the facts of `:ids` anew and moves every total: one snapshot for all of it."""
    columns = [column.name for column in kind.facts.columns]
    parts = [
        f"new AS MATERIALIZED ({kind.source})",
        f"old AS MATERIALIZED (SELECT * FROM {kind.facts.name} WHERE id = ANY(:ids))",
        *(f"moved_{table.name} AS ({_moved(kind, table)})" for table in kind.totals),
        f"gone AS (DELETE FROM {kind.facts.name} WHERE id = ANY(:ids) AND id NOT IN (SELECT id FROM new))",
    ]
    if kind.due_again:
        parts.append(
            f"later AS (INSERT INTO report_marks (kind, fact_id, due_at) SELECT '{kind.name}', * FROM ({kind.due_again}) AS due)"
        )
    changed = ", ".join(f"{name} = excluded.{name}" for name in columns if name != "id")
    names = ", ".join(columns)
    return text(
        f"WITH {', '.join(parts)} INSERT INTO {kind.facts.name} ({names}) SELECT {names} FROM new"
        f" ON CONFLICT (id) DO UPDATE SET {changed}"
    )


def _moved(kind: FactKind, totals: Table) -> str:
    """Return the part that adds what the new facts count and takes away what the old ones did, group by group."""
    groups = [column.name for column in totals.columns if column.name not in kind.measures]
    by, names = ", ".join(groups), ", ".join(kind.measures)
    signed = {sign: ", ".join(f"{sign}({told}) AS {name}" for name, told in kind.measures.items()) for sign in "+-"}
    both = f"SELECT {by}, {signed['+']} FROM new AS f UNION ALL SELECT {by}, {signed['-']} FROM old AS f"
    sums = ", ".join(f"sum({name}) AS {name}" for name in kind.measures)
    differs = " OR ".join(f"sum({name}) <> 0" for name in kind.measures)
    added = ", ".join(f"{name} = {totals.name}.{name} + excluded.{name}" for name in kind.measures)
    return (
        f"INSERT INTO {totals.name} ({by}, {names}) SELECT {by}, {sums} FROM ({both}) AS moved GROUP BY {by} HAVING {differs}"
        f" ON CONFLICT ({by}) DO UPDATE SET {added}"
    )


_OLDEST: Final = text("""
    SELECT min(greatest(first.marked_at, first.due_at)) FROM unnest(CAST(:kinds AS text[])) AS kinds (kind), LATERAL (
        SELECT marked_at, due_at FROM report_marks AS m WHERE m.kind = kinds.kind AND m.due_at <= :now
        ORDER BY m.due_at, m.id LIMIT 1) AS first
""")
_TAKE: Final = text("""
    DELETE FROM report_marks WHERE id IN (
        SELECT id FROM report_marks WHERE kind = :kind AND due_at <= :now ORDER BY due_at, id LIMIT :limit)
    RETURNING fact_id
""")
_RECOUNT: Final = {kind.name: _recount(kind) for kind in KINDS}
