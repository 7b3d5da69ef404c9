"""Flat tables for BI tools that read JSON: the views of `reporting`, a span of days, page by page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tieline.store.report_totals import Span

Dataset = Literal["call_day", "ticket_day", "feedback_day", "fact_call", "fact_ticket", "fact_feedback", "fact_delivery"]
_ORDER: Final[Mapping[Dataset, str]] = {
    "call_day": "agent_id, queue, line, tier",
    "ticket_day": "agent_id, queue, line, tier, channel",
    "feedback_day": "agent_id, queue, line, tier, channel",
    "fact_call": "call_id",
    "fact_ticket": "ticket_id",
    "fact_feedback": "feedback_id",
    "fact_delivery": "delivery_id",
}


@dataclass(frozen=True, slots=True)
class Window:
    """Which rows of an ordered list: `limit` of them, after the first `skip`."""

    skip: int
    limit: int


async def page(conn: AsyncConnection, name: Dataset, span: Span, window: Window) -> tuple[int, Sequence[Mapping[str, Any]]]:
    """Return how many rows the days of `span` have, and those in the window."""
    within = f"FROM reporting.{name} WHERE date_key >= :since AND date_key < :until"
    total = (await conn.execute(text(f"SELECT count(*) {within}"), span.bound)).scalar_one()
    ordered = f"SELECT * {within} ORDER BY date_key, {_ORDER[name]} OFFSET :skip LIMIT :limit"
    rows = await conn.execute(text(ordered), {**span.bound, "skip": window.skip, "limit": window.limit})
    return int(total), [*rows.mappings()]
