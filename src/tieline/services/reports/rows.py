"""What a figure opens to: the calls, tickets, answers or deliveries that one of its counts counts."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from tieline.domain.errors import RequestRefused
from tieline.domain.kpi_formulas import REPORTS
from tieline.security.permissions import Caller
from tieline.services.reports.asking import Question, measure_of, span_of
from tieline.services.tickets.desk import TicketDesk
from tieline.store import audit_trail, report_rows
from tieline.store.journal_rows import AuditRow


async def behind(
    desk: TicketDesk, question: Question, count: str, *, by: Caller, before: tuple[datetime, UUID] | None, limit: int
) -> tuple[str, Sequence[Mapping[str, Any]]]:
    """Return what kind of thing `count` counts, and those of the span, newest first, from just past `before`; note who asked.

    Raises: RequestRefused: the report has no such count (`report_count`), it knows no such filter (`report_group`), or as for
    the report. NotAllowed: somebody else's work is asked for by name.
    """
    span = span_of(desk, question, by=by)
    shown = {name for names in REPORTS[question.report].counts.values() for name in names}
    measure = measure_of(count, question)
    kind = report_rows.kind_that_counts(measure) if count in shown else None
    if kind is None:
        raise RequestRefused("This report has no such count.", code="report_count")
    if not report_rows.can_narrow(kind, span.only):
        raise RequestRefused("What this report counts has no such group or filter.", code="report_group")
    details = {"report": question.report, "count": count}
    async with desk.database.begin() as tx:
        found = await report_rows.page(tx, kind, measure, span, before=before, limit=limit)
        await audit_trail.write(
            tx, AuditRow(at=desk.clock(), actor=by.actor, actor_role=by.role, action="report.opened", details=details)
        )
    return kind.name, found
