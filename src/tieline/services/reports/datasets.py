"""Telling a BI tool the rows of a dataset, as flat as a spreadsheet."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, tzinfo
from typing import Any, Final

from tieline.domain.errors import NotAllowed
from tieline.security.permissions import Caller
from tieline.services.reports.asking import days_of
from tieline.services.reports.counting import STEPS_OF_A_READER, count_due
from tieline.services.tickets.desk import TicketDesk
from tieline.store import audit_trail, datasets
from tieline.store.datasets import Dataset, Window
from tieline.store.journal_rows import AuditRow

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
    span = days_of(desk, *days)
    await count_due(desk, now=now, steps=STEPS_OF_A_READER)
    note = AuditRow(at=now, actor=by.actor, actor_role=by.role, action="dataset.read", details={"dataset": name})
    async with desk.database.begin() as tx:
        total, rows = await datasets.page(tx, name, span, Window((page - 1) * size, size))
        await audit_trail.write(tx, note)
    return total, [{key: _told(value, zone) for key, value in row.items()} for row in rows]


def _told(value: object, zone: tzinfo) -> object:
    if isinstance(value, datetime):
        return value.astimezone(zone).strftime(MOMENT)
    return value if value is None or isinstance(value, int | str) else str(value)
