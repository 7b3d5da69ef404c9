"""Reading the totals of a span: by one group and in all, narrowed by filters."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from sqlalchemy import Table, text
from sqlalchemy.ext.asyncio import AsyncConnection

from tieline.domain.kpi_formulas import Counted as Kind
from tieline.domain.kpi_formulas import FilterName, GroupBy
from tieline.store import report_measures
from tieline.store import tables_reports as tables

_DAY: Final = {
    "day": "to_char(f.day, 'YYYY-MM-DD')",
    "week": "to_char(f.day, 'IYYY-\"W\"IW')",
    "month": "to_char(f.day, 'YYYY-MM')",
}
_WHOSE: Final = {
    "team": "a.definition ->> 'team'",
    "agent": "f.agent",
    "queue": "f.queue",
    "line": "f.line",
}
_WHO: Final = {name: _WHOSE[name] for name in ("team", "agent")}
_WHERE: Final = {name: _WHOSE[name] for name in ("queue", "line")}
_JOINS: Final[Mapping[str, str]] = {"team": " LEFT JOIN agents AS a ON a.id = f.agent"}
"""Group or filter → what is read besides the rows."""
_TIER: Final = {"tier": "f.tier"}
_CHANNEL: Final = {"channel": "f.channel"}
_BY_PHONE: Final = {"channel": "'phone'::text"}
_MEASURED: Final = ", ".join(f"{told} AS {name}" for name, told in report_measures.ANSWERS.items())
_SINGLE: Final = "f.day, f.agent, f.queue, f.line, f.tier, f.channel, f.region, f.causes, f.products"
_ONCE: Final = f"(SELECT {_SINGLE}, {_MEASURED} FROM answer_facts AS f WHERE f.day >= :since AND f.day < :until)"
_EACH: Final = """(
    SELECT {single}, {measured}, named.it FROM answer_facts AS f
    CROSS JOIN LATERAL (SELECT DISTINCT unnest(f.{several}) AS it) AS named
    WHERE f.day >= :since AND f.day < :until AND f.{several} <> '{{}}'
)"""
_CAUSES: Final = _EACH.format(single=_SINGLE, measured=_MEASURED, several="causes")
_PRODUCTS: Final = _EACH.format(single=_SINGLE, measured=_MEASURED, several="products")
"""Answers once for each cause they name; once for each product their customer had bought."""
_AMONG: Final = "(SELECT max(named) FROM unnest(f.{several}) AS named WHERE named = :{one})"
HAS: Final = {
    "cause": _AMONG.format(several="causes", one="cause"),
    "product": _AMONG.format(several="products", one="product"),
    "region": "f.region",
}
"""Filter → how a fact of an answer tells whether it fits."""
_HOUR: Final = {"hour": "f.hour::text", "weekday_hour": "extract(isodow FROM f.day)::text || '-' || f.hour"}


@dataclass(frozen=True, slots=True)
class Span:
    """Whole days from `since` to just before `until`. `only`: filter → the one value that counts."""

    since: date
    until: date
    only: Mapping[FilterName, str] = field(default_factory=dict)

    @property
    def bound(self) -> dict[str, object]:
        """What a statement that names the days and the filters is given."""
        return {"since": self.since, "until": self.until, **{str(name): value for name, value in self.only.items()}}


@dataclass(frozen=True, slots=True)
class Counted:
    """The measures of one group; `group` None where it cannot be told. `is_total`: of the whole span."""

    group: str | None
    is_total: bool
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Totals:
    """A table of totals: `says`: group or filter → how its rows tell it.

    `narrows`: what its rows can be narrowed by, but not grouped. `rows`: what is summed up instead of the table. `is_repeated`: a
    thing may stand in several groups of it, so that they do not add up to the total.
    """

    table: Table
    says: Mapping[str, str]
    narrows: Mapping[str, str] = field(default_factory=dict)
    rows: str = ""
    is_repeated: frozenset[str] = frozenset()

    def fits(self, group_by: GroupBy, only: Mapping[FilterName, str]) -> bool:
        """Say whether its rows can be grouped and narrowed so."""
        return group_by in self.says and only.keys() <= self.says.keys() | self.narrows.keys()

    def told(self, name: FilterName) -> str:
        """Return how its rows tell whether they fit a filter."""
        return self.says.get(name) or self.narrows[name]


_OF_ANSWER: Final = _DAY | _WHOSE | _TIER | _CHANNEL | {"region": "f.region"}
TOTALS: Final[Mapping[Kind, tuple[Totals, ...]]] = {
    "call": (
        Totals(tables.call_queue_days, _DAY | _WHERE | _TIER | _BY_PHONE),
        Totals(tables.call_agent_days, _DAY | _WHO | _BY_PHONE),
        Totals(tables.call_queue_hours, _HOUR | _DAY | _WHERE | _BY_PHONE),
        Totals(tables.call_days, _DAY | _WHOSE | _TIER | _BY_PHONE),
        Totals(tables.call_hours, _HOUR | _DAY | _WHOSE | _BY_PHONE),
    ),
    "ticket": (Totals(tables.ticket_days, _DAY | _WHOSE | _TIER | _CHANNEL),),
    "answer": (
        Totals(tables.answer_days, _DAY | _WHOSE | _TIER | _CHANNEL),
        Totals(tables.answer_facts, _OF_ANSWER, narrows=HAS, rows=_ONCE),
        Totals(tables.answer_facts, _OF_ANSWER | {"cause": "f.it"}, narrows=HAS, rows=_CAUSES, is_repeated=frozenset({"cause"})),
        Totals(
            tables.answer_facts, _OF_ANSWER | {"product": "f.it"}, narrows=HAS, rows=_PRODUCTS, is_repeated=frozenset({"product"})
        ),
    ),
    "delivery": (Totals(tables.delivery_days, _DAY | {"connection": "f.connection"}),),
}
"""Kind of thing counted → its tables, the smallest first."""


def told_of(kind: Kind) -> Mapping[str, str]:
    """Return group or filter → how what is counted tells it, of those that its totals know."""
    return {name: told for totals in TOTALS[kind] if not totals.is_repeated for name, told in totals.says.items()}


def joins(names: Collection[str]) -> str:
    """Return what a statement reads besides `f` that groups or narrows by these."""
    return "".join(join for name, join in _JOINS.items() if name in names)


def totals_for(kind: Kind, group_by: GroupBy, only: Mapping[FilterName, str]) -> Totals | None:
    """Return the table that can answer; None: things of this kind have no such group."""
    return next((one for one in TOTALS[kind] if one.fits(group_by, only)), None)


async def read(
    conn: AsyncConnection, totals: Totals, measures: Sequence[str], group_by: GroupBy, span: Span
) -> Sequence[Counted]:
    """Sum up the measures of a span by group and in all."""
    if group_by in totals.is_repeated and group_by not in span.only:
        return await _read_repeated(conn, totals, measures, group_by, span)
    return await _summed_up(conn, totals, measures, group_by, span)


async def _read_repeated(
    conn: AsyncConnection, totals: Totals, measures: Sequence[str], group_by: GroupBy, span: Span
) -> Sequence[Counted]:
    """Sum up where one thing may count in several groups: the total is that of all things, each once."""
    kind = next(kind for kind, tables in TOTALS.items() if totals in tables)
    groups = await _summed_up(conn, totals, measures, group_by, span)
    each_once = next(one for one in TOTALS[kind] if not one.is_repeated and one.fits("day", span.only))
    whole = await _summed_up(conn, each_once, measures, "day", span)
    return [*(one for one in groups if not one.is_total), *(one for one in whole if one.is_total)]


async def _summed_up(
    conn: AsyncConnection, totals: Totals, measures: Sequence[str], group_by: GroupBy, span: Span
) -> Sequence[Counted]:
    group = totals.says[group_by]
    sums = ", ".join(f"coalesce(sum(f.{name}), 0) AS {name}" for name in measures)
    narrowed = "".join(f" AND {totals.told(name)} = :{name}" for name in span.only)
    counted = f"{totals.rows or totals.table.name} AS f{joins({group_by, *span.only})}"
    statement = text(
        f"SELECT {group} AS group_key, grouping({group}) AS is_total, {sums} FROM {counted}"
        f" WHERE f.day >= :since AND f.day < :until{narrowed} GROUP BY GROUPING SETS (({group}), ())"
    )
    rows = (await conn.execute(statement, span.bound)).mappings()
    return [_counted(row, measures) for row in rows]


def _counted(row: Mapping[Any, Any], measures: Sequence[str]) -> Counted:
    return Counted(row["group_key"], bool(row["is_total"]), {name: int(row[name]) for name in measures})
