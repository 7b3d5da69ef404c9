"""The things behind a count: the facts a measure counts, newest first."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tieline.domain.kpi_formulas import FilterName
from tieline.store.report_counting import KINDS, FactKind
from tieline.store.report_totals import HAS, Span, joins, told_of

_NAMED: Final[Mapping[str, str]] = {
    "call": "(SELECT i.call_key FROM interactions AS i WHERE i.id = f.id)",
    "ticket": "(SELECT t.number::text FROM tickets AS t WHERE t.id = f.id)",
    "answer": "(SELECT o.call_id FROM feedback AS o WHERE o.id = f.id)",
    "delivery": "NULL",
}
"""What people know a thing by: a call's id at the exchange, a ticket's number, the call an answer is about."""
_OF_FACTS: Final[Mapping[str, Mapping[str, str]]] = {"answer": HAS}
"""Filters that only facts know, not the totals."""
_SHOWN_AS: Final[Mapping[str, str]] = {"kind": "answer_kind"}
_HIDDEN: Final = frozenset({"customer_key", "day", "hour"})


def kind_that_counts(measure: str) -> FactKind | None:
    """Return what a measure counts; None: there is no such measure."""
    return next((kind for kind in KINDS if measure in kind.measures), None)


def can_narrow(kind: FactKind, only: Mapping[FilterName, str]) -> bool:
    """Say whether things of this kind know all these filters."""
    return only.keys() <= _says(kind).keys()


async def page(
    conn: AsyncConnection, kind: FactKind, measure: str, span: Span, *, before: tuple[datetime, UUID] | None, limit: int
) -> Sequence[Mapping[str, Any]]:
    """Return the facts that `measure` counts in the span, from just past `before`."""
    says = _says(kind)
    names = [column.name for column in kind.facts.columns if column.name not in _HIDDEN]
    shown = ", ".join(f"f.{name} AS {_SHOWN_AS.get(name, name)}" for name in names)
    narrowed = "".join(f" AND {says[name]} = :{name}" for name in span.only)
    later = " AND (f.at, f.id) < (:at, :id)" if before else ""
    statement = text(
        f"SELECT {shown}, {_NAMED[kind.name]} AS name FROM {kind.facts.name} AS f{joins(span.only)}"
        " WHERE f.day >= :since AND f.day < :until AND f.at >= :since - interval '1 day' AND f.at < :until + interval '1 day'"
        f" AND ({kind.measures[measure]}) <> 0{narrowed}{later}"
        " ORDER BY f.at DESC, f.id DESC LIMIT :limit"
    )
    values = {**span.bound, "limit": limit}
    if before:
        values |= {"at": before[0], "id": before[1]}
    return [*(await conn.execute(statement, values)).mappings()]


def _says(kind: FactKind) -> Mapping[str, str]:
    return {**told_of(kind.name), **_OF_FACTS.get(kind.name, {})}
