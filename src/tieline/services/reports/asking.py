"""Answering a report: totals by group, the figures worked out here, each with the counts behind it and its formula."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import Any, Final, Literal

from tieline.domain.errors import RequestRefused
from tieline.domain.kpi_formulas import FORMULAS, REPORTS, Counts, FilterName, Formula, GroupBy, ReportKind, ReportName
from tieline.domain.kpi_formulas import Counted as Kind
from tieline.security.permissions import Caller
from tieline.services.reports.counting import STEPS_OF_A_READER, count_due
from tieline.services.reports.whose import narrowed
from tieline.services.tickets.desk import TicketDesk
from tieline.store import audit_trail, report_counting, report_totals
from tieline.store.database import Transaction
from tieline.store.journal_rows import AuditRow
from tieline.store.report_totals import Counted, Span, Totals

LONGEST: Final = timedelta(days=400)
USUAL_DAYS: Final = 7
Format = Literal["json", "csv", "xlsx"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked. A date means the whole day, as it is where the company is; None: the last seven days.

    `compare`: tell the total of the span before as well, which is as long.
    """

    report: ReportName
    since: date | None = None
    until: date | None = None
    group_by: GroupBy | None = None
    only: Mapping[FilterName, str] = field(default_factory=dict)
    answered_within_s: int = 20
    compare: bool = False
    format: Format = "json"

    @property
    def groups(self) -> GroupBy:
        """How it is grouped: as asked, else as this report usually is."""
        return self.group_by or REPORTS[self.report].group_by


@dataclass(frozen=True, slots=True)
class Report:
    """The answer: `rows` by group and `total` of all, each name of `columns` a count or a figure.

    `as_of`: what happened until then is in it.
    """

    since: datetime
    until: datetime
    zone: str
    as_of: datetime
    columns: tuple[str, ...]
    rows: Sequence[Mapping[str, Any]]
    total: Mapping[str, Any]
    before: Mapping[str, Any] | None
    formulas: Mapping[str, Formula]


async def ask(desk: TicketDesk, question: Question, *, by: Caller) -> Report:
    """Answer, and note in the audit who asked. A person who may not see others' work is told of their own.

    Raises: RequestRefused: the span is empty or longer than 400 days (`report_span`), or what is counted knows no such group
    or filter (`report_group`). NotAllowed: somebody else's work is asked for by name.
    """
    span = span_of(desk, question, by=by)
    tables = _tables(question, span)
    now = desk.clock()
    await count_due(desk, now=now, steps=STEPS_OF_A_READER)
    async with desk.database.begin() as tx:
        table = _Table(question, tables)
        found = await table.counted(tx, span)
        earlier = await table.counted(tx, _before(span)) if question.compare else None
        as_of = await report_counting.oldest_mark(tx, now=now) or now
        await audit_trail.write(tx, _note(question, now, by))
    since, until = (datetime.combine(day, time(), desk.policy.zone) for day in (span.since, span.until))
    total, rows = table.rows(found, of_agent="agent" in span.only)
    before = table.rows(earlier, of_agent="agent" in span.only)[0] if earlier is not None else None
    return Report(since, until, str(desk.policy.zone), min(as_of, now), table.columns, rows, total, before, table.formulas)


def span_of(desk: TicketDesk, question: Question, *, by: Caller) -> Span:
    """Return the days and whose work. Raises: RequestRefused: `report_span`. NotAllowed: as `ask`."""
    return replace(days_of(desk, question.since, question.until), only=narrowed(question.only, by, desk.directory.now))


def days_of(desk: TicketDesk, since: date | None, until: date | None, *, usual: int = USUAL_DAYS) -> Span:
    """Return the days, both included; None: today, and the `usual` number of them.

    Raises: RequestRefused: none, or more than 400 (`report_span`).
    """
    last = until or desk.clock().astimezone(desk.policy.zone).date()
    first = since or last - timedelta(days=usual - 1)
    after = last + timedelta(days=1)
    if not timedelta(0) < after - first <= LONGEST:
        raise RequestRefused("A report covers 1 to 400 days.", code="report_span")
    return Span(first, after)


def measure_of(count: str, question: Question) -> str:
    """Return what is kept under which name: the calls answered in time are counted for each threshold there is."""
    return f"within_{question.answered_within_s}" if count == "answered_in_time" else count


def _before(span: Span) -> Span:
    return replace(span, since=span.since - (span.until - span.since), until=span.since)


def _tables(question: Question, span: Span) -> dict[Kind, Totals]:
    kinds = REPORTS[question.report].counts
    found = {kind: report_totals.totals_for(kind, question.groups, span.only) for kind in kinds}
    able = {kind: totals for kind, totals in found.items() if totals is not None}
    if not able:
        raise RequestRefused("What this report counts has no such group or filter.", code="report_group")
    return able


@dataclass(frozen=True, slots=True)
class _Table:
    """The shape of one report: what is read from where, and what becomes of it."""

    question: Question
    totals: Mapping[Kind, Totals]

    @property
    def _kind(self) -> ReportKind:
        return REPORTS[self.question.report]

    @property
    def formulas(self) -> Mapping[str, Formula]:
        return {name: FORMULAS[name] for name in self._kind.figures}

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for names in self._kind.counts.values() for name in names)

    @property
    def columns(self) -> tuple[str, ...]:
        return (self.question.groups, *self.names, *self.formulas)

    async def counted(self, conn: Transaction, span: Span) -> Sequence[Counted]:
        """Read the counts of a span under the names the report has for them."""
        found: list[Counted] = []
        for kind, totals in self.totals.items():
            measures = {name: measure_of(name, self.question) for name in self._kind.counts[kind]}
            read = await report_totals.read(conn, totals, [*measures.values()], self.question.groups, span)
            found += (replace(one, counts={name: one.counts[measures[name]] for name in measures}) for one in read)
        return found

    def rows(self, counted: Sequence[Counted], *, of_agent: bool) -> tuple[Mapping[str, Any], Sequence[Mapping[str, Any]]]:
        """Return the total, and the rows in the order of their groups, what belongs to none last."""
        groups = _merged(one for one in counted if not one.is_total)
        ordered = sorted(groups.items(), key=lambda pair: (pair[0] is None, _place(pair[0])))
        per_agent = of_agent or self.question.groups == "agent"
        whole = _merged(one for one in counted if one.is_total).get(None, {})
        rows = [{self.question.groups: key, **self._row(counts, of_agent=per_agent)} for key, counts in ordered]
        return self._row(whole, of_agent=of_agent), rows

    def _row(self, counts: Counts, *, of_agent: bool) -> dict[str, float | int | None]:
        """Return counts and figures; what is not counted by this group is null, and so is what comes of it."""
        kept = {name: counts.get(name, 0) for kind in self.totals for name in self._kind.counts[kind]}
        figures = {
            name: None
            if formula.of not in self.totals or (of_agent and formula.of_the_queue)
            else _rounded(formula.work_out(kept))
            for name, formula in self.formulas.items()
        }
        return {**dict.fromkeys(self.names), **kept, **figures}


def _merged(counted: Any) -> dict[str | None, dict[str, int]]:  # noqa: ANN401 - any iterable of Counted
    """Join the counts of several kinds by their group."""
    found: dict[str | None, dict[str, int]] = {}
    for one in counted:
        found.setdefault(one.group, {}).update(one.counts)
    return found


def _place(group: str | None) -> tuple[tuple[int, str], ...]:
    """Order hours and weekdays as numbers, everything else as words."""
    parts = (group or "").split("-")
    return tuple((int(part), "") if part.isdecimal() and len(part) <= len("23") else (0, part) for part in parts)


def _rounded(figure: float | None) -> float | None:
    return None if figure is None else round(figure, 2)


def _note(question: Question, now: datetime, by: Caller) -> AuditRow:
    details = {"report": question.report, "group_by": question.groups, "format": question.format}
    return AuditRow(at=now, actor=by.actor, actor_role=by.role, action="report.read", details=details)
