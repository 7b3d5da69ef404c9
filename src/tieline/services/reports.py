"""The figures a manager asks for: counted in the database, worked out here, each with the counts behind it and its formula."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any, Final, Literal

from tieline.domain.errors import RequestRefused
from tieline.domain.kpi_survey import percent
from tieline.security.permissions import Caller
from tieline.services.tickets.desk import TicketDesk
from tieline.store import audit_trail, reports
from tieline.store.journal_rows import AuditRow
from tieline.store.reports import Counted, GroupBy, Span

ReportName = Literal["kpis", "csat", "nps"]
LONGEST: Final = timedelta(days=400)
USUAL_DAYS: Final = 7
Counts = Mapping[str, int]
Figure = float | int | None


@dataclass(frozen=True, slots=True)
class Formula:
    """How a figure is worked out of counts, in which unit; `of_the_queue`: of calls nobody took, so no agent has it."""

    work_out: Callable[[Counts], float | None]
    unit: str
    text: str
    source: str
    of_the_queue: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked. A date means the whole day, as it is where the company is; None: the last seven days."""

    report: ReportName
    since: date | None = None
    until: date | None = None
    group_by: GroupBy = "day"
    answered_within_s: int = 20
    format: Literal["json", "csv"] = "json"


@dataclass(frozen=True, slots=True)
class Report:
    """The answer: `rows` by group and `total` of all, each name of `columns` a count or a figure."""

    span: Span
    columns: tuple[str, ...]
    rows: Sequence[Mapping[str, Any]]
    total: Mapping[str, Any]
    formulas: Mapping[str, Formula]


def _offered(counts: Counts) -> int:
    return counts["served"] + counts["abandoned"] + counts["missed"]


def _mean(total: int, number: int) -> float | None:
    return total / number if number else None


_ICMI: Final = "http://www.icmi.com/Resources/QueueTips/2005/March/Service-Level-Calculations.aspx"
_CONNECT: Final = "https://docs.aws.amazon.com/connect/latest/adminguide/metrics-definitions.html"
CSAT: Final = Formula(
    lambda n: percent(n["satisfied"], n["csat_answers"]),
    "percent",
    "answers 4 and 5 / all answers",
    "https://help.delighted.com/article/240-how-is-csat-calculated",
)
NPS: Final = Formula(
    lambda n: percent(n["promoters"] - n["detractors"], n["nps_answers"]),
    "points",
    "percent of 9 and 10, less percent of 0 to 6",
    "Reichheld, The One Number You Need to Grow, Harvard Business Review, December 2003",
)
CES: Final = Formula(
    lambda n: _mean(n["ces_sum"], n["ces_answers"]),
    "points 1-7",
    "mean answer, 7 is easy",
    "Dixon, Toman, DeLisi, The Effortless Experience, 2013",
)
FCR: Final = Formula(
    lambda n: percent(n["judged"] - n["called_again"], n["judged"]),
    "percent",
    "served calls not followed by another of the same customer about the same within 7 days / those that can be judged; "
    "shared numbers left out",
    "https://www.callcentrehelper.com/first-call-contact-resolution-fcr-208926.htm",
)
AHT: Final = Formula(lambda n: _mean(n["handled_s"], n["handled"]), "seconds", "(talk + hold + wrap-up) / served calls", _CONNECT)
ABANDONMENT: Final = Formula(
    lambda n: percent(n["abandoned"], _offered(n)),
    "percent",
    "abandoned / (served + abandoned + missed); given up within 5 s left out",
    _ICMI,
    of_the_queue=True,
)
SERVICE_LEVEL: Final = Formula(
    lambda n: percent(n["answered_in_time"], _offered(n)),
    "percent",
    "served within the threshold / (served + abandoned + missed)",
    _ICMI,
    of_the_queue=True,
)
FORMULAS: Final[Mapping[ReportName, Mapping[str, Formula]]] = {
    "kpis": {
        "service_level": SERVICE_LEVEL,
        "abandonment": ABANDONMENT,
        "aht_s": AHT,
        "fcr": FCR,
        "csat": CSAT,
        "nps": NPS,
        "ces": CES,
    },
    "csat": {"csat": CSAT, "mean": Formula(lambda n: _mean(n["csat_sum"], n["csat_answers"]), "points 1-5", "mean answer", "")},
    "nps": {"nps": NPS},
}
_CALL_COUNTS: Final = (
    "calls", "served", "abandoned", "missed", "abandoned_short", "answered_in_time", "handled", "handled_s", "judged",
    "called_again",
)  # fmt: skip
COUNTS: Final[Mapping[ReportName, tuple[str, ...]]] = {
    "kpis": (*_CALL_COUNTS, "csat_answers", "nps_answers", "ces_answers", "complaints"),
    "csat": ("csat_answers", "satisfied"),
    "nps": ("nps_answers", "promoters", "detractors"),
}


async def ask(desk: TicketDesk, question: Question, *, by: Caller) -> Report:
    """Answer, and note in the audit who asked. A person who may not see others' work is told of their own.

    Raises: RequestRefused: the span is empty or longer than 400 days (`report_span`).
    """
    span = _span(desk, question)
    if by.agent is not None and not by.may("agents.any"):
        span = replace(span, agent=by.agent)
    async with desk.database.begin() as tx:
        counted = [*await reports.answers(tx, span, question.group_by)]
        if question.report == "kpis":
            counted += await reports.calls(tx, span, question.group_by)
        await audit_trail.write(tx, _note(question, span, by))
    return _report(question, span, counted)


def _span(desk: TicketDesk, question: Question) -> Span:
    now, zone = desk.clock(), desk.policy.zone
    last = question.until or now.astimezone(zone).date()
    first = question.since or last - timedelta(days=USUAL_DAYS - 1)
    since, until = (datetime.combine(day, time(), zone) for day in (first, last + timedelta(days=1)))
    if not timedelta(0) < until - since <= LONGEST:
        raise RequestRefused("A report covers 1 to 400 days.", code="report_span")
    return Span(since, until, str(zone), now, answered_within_s=question.answered_within_s)


def _report(question: Question, span: Span, counted: Sequence[Counted]) -> Report:
    formulas, names = FORMULAS[question.report], COUNTS[question.report]
    total = _merged(one for one in counted if one.is_total)[None]
    groups = _merged(one for one in counted if not one.is_total)
    ordered = sorted(groups.items(), key=lambda pair: (pair[0] is None, pair[0] or ""))
    per_agent = question.group_by == "agent" or span.agent is not None
    rows = [{question.group_by: key, **_row(found, names, formulas, of_agent=per_agent)} for key, found in ordered]
    whole = _row(total, names, formulas, of_agent=span.agent is not None)
    return Report(span, (question.group_by, *names, *formulas), rows, whole, formulas)


def _merged(counted: Any) -> dict[str | None, dict[str, int]]:  # noqa: ANN401 - any iterable of Counted
    """Join the counts of calls and of answers by their group."""
    found: dict[str | None, dict[str, int]] = {}
    for one in counted:
        found.setdefault(one.group, {}).update(one.counts)
    return found


def _row(counts: Counts, names: Sequence[str], formulas: Mapping[str, Formula], *, of_agent: bool) -> dict[str, Figure]:
    known = dict.fromkeys(_ALL_COUNTS, 0) | dict(counts)
    figures = {
        name: None if of_agent and formula.of_the_queue else _rounded(formula.work_out(known))
        for name, formula in formulas.items()
    }
    return {**{name: known[name] for name in names}, **figures}


def _rounded(figure: float | None) -> float | None:
    return None if figure is None else round(figure, 2)


def _note(question: Question, span: Span, by: Caller) -> AuditRow:
    details = {"report": question.report, "group_by": question.group_by, "format": question.format}
    return AuditRow(at=span.now, actor=by.actor, actor_role=by.role, action="report.read", details=details)


_ALL_COUNTS: Final = (*COUNTS["kpis"], *COUNTS["csat"], *COUNTS["nps"], "csat_sum", "ces_sum")
