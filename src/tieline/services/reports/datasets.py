"""Telling a BI tool the rows of a dataset, as flat as a spreadsheet."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta, tzinfo
from typing import Any, Final

from tieline.domain.errors import NotAllowed, RequestRefused
from tieline.security.permissions import Caller
from tieline.services.reports.asking import LONGEST, USUAL_DAYS
from tieline.services.reports.counting import STEPS_OF_A_READER, count_due
from tieline.services.tickets.desk import TicketDesk
from tieline.store import audit_trail, datasets
from tieline.store.datasets import Dataset, Window
from tieline.store.journal_rows import AuditRow
from tieline.store.report_totals import Span

MOMENT: Final = "%Y-%m-%d %H:%M:%S"


async def read(
    desk: TicketDesk, name: Dataset, days: tuple[date | None, date | None], *, page: int, size: int, by: Caller
) -> tuple[int, Sequence[Mapping[str, Any]]]:
    """Return how many rows the days have (both included; None: the last seven), and one page of them; note who asked.

    Raises: NotAllowed: somebody who is told of their own work or team only. RequestRefused: `report_span`.
    """
    if by.agent is not None and not by.may("teams.any"):
        raise NotAllowed
    zone, now = desk.policy.zone, desk.clock()
    last = days[1] or now.astimezone(zone).date()
    first = days[0] or last - timedelta(days=USUAL_DAYS - 1)
    until = last + timedelta(days=1)
    if not timedelta(0) < until - first <= LONGEST:
        raise RequestRefused("A report covers 1 to 400 days.", code="report_span")
    await count_due(desk, now=now, steps=STEPS_OF_A_READER)
    note = AuditRow(at=now, actor=by.actor, actor_role=by.role, action="dataset.read", details={"dataset": name})
    async with desk.database.begin() as tx:
        total, rows = await datasets.page(tx, name, Span(first, until), Window((page - 1) * size, size))
        await audit_trail.write(tx, note)
    return total, [{key: _told(value, zone) for key, value in row.items()} for row in rows]


def _told(value: object, zone: tzinfo) -> object:
    if isinstance(value, datetime):
        return value.astimezone(zone).strftime(MOMENT)
    return value if value is None or isinstance(value, int | str) else str(value)
