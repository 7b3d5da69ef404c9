"""How a report is asked for and shown."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any, Final, Literal, get_args
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from tieline.api.lists import ListQuery
from tieline.domain.kpi_formulas import FilterName, GroupBy, ReportName
from tieline.services.reports.asking import Format, Question, Report

Day = Annotated[date, Field(ge=date(2000, 1, 1), lt=date(2100, 1, 1))]
Word = Annotated[str, Field(min_length=1, max_length=100)]


def _number(told: object) -> object:
    return int(told) if isinstance(told, str) and told.isdecimal() else told


Threshold = Annotated[Literal[5, 10, 15, 20, 30, 45, 60, 90, 120], BeforeValidator(_number)]
_FILTERS: Final[tuple[FilterName, ...]] = get_args(FilterName)


class SpanQuery(BaseModel):
    """Which days, both included, as they are where the company is, and whose."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    from_: Annotated[Day | None, Field(alias="from", description="Left out: six days before `to`.")] = None
    to: Annotated[Day | None, Field(description="Left out: today.")] = None
    agent: Annotated[Word | None, Field(description="Only this agent's work.")] = None
    team: Annotated[Word | None, Field(description="Only the work of agents who are in this team now.")] = None
    queue: Word | None = None
    line: Annotated[Word | None, Field(description="Only calls to this number of ours, and what came of them.")] = None
    tier: Annotated[Word | None, Field(description="Only customers of this tier.")] = None
    channel: Annotated[Word | None, Field(description="`phone` for calls; the channel an answer or a ticket came by.")] = None
    cause: Annotated[Word | None, Field(description="Only answers that name this cause.")] = None
    product: Annotated[Word | None, Field(description="Only answers of who had bought this product.")] = None
    region: Annotated[Word | None, Field(description="Only answers of customers from this region, as their system names it.")] = (
        None
    )
    day: Annotated[str | None, Field(pattern=r"^\d{4}-\d\d-\d\d$", description="Only this day: a row of a report by day.")] = None
    week: Annotated[str | None, Field(pattern=r"^\d{4}-W\d\d$", description="Only this week, as ISO 8601 counts them.")] = None
    month: Annotated[str | None, Field(pattern=r"^\d{4}-\d\d$", description="Only this month.")] = None
    hour: Annotated[str | None, Field(pattern=r"^(1?\d|2[0-3])$", description="Only calls that began in this hour, 0-23.")] = None
    weekday_hour: Annotated[
        str | None,
        Field(pattern=r"^[1-7]-(1?\d|2[0-3])$", description="Only calls of one hour of one day of the week, Monday 1."),
    ] = None
    answered_within_s: Annotated[Threshold, Field(description="The threshold of the service level.")] = 20

    def question(self, report: ReportName, **more: Any) -> Question:  # noqa: ANN401 - further fields of the question
        """Return what is asked."""
        given: dict[FilterName, str] = {name: value for name in _FILTERS if (value := getattr(self, name)) is not None}
        return Question(
            report=report, since=self.from_, until=self.to, only=given, answered_within_s=self.answered_within_s, **more
        )


class ReportQuery(SpanQuery):
    """A report: also how it is grouped and written."""

    group_by: Annotated[GroupBy | None, Field(description="Left out: by day; `agents`, `queues`, `causes` by these.")] = None
    compare: Annotated[bool, Field(description="Tell the total of the span before as well, which is as long.")] = False
    format: Format = "json"


class RowsQuery(SpanQuery, ListQuery):
    """What a count opens to, page by page."""

    measure: Annotated[str, Field(pattern=r"^[a-z_0-9]{1,40}$", description="A count of this report, as its rows name it.")]


class ShownFormula(BaseModel):
    """How a figure is worked out, in which unit, and where that comes from."""

    model_config = ConfigDict(frozen=True)

    unit: str
    formula: str
    source: str


class ShownReport(BaseModel):
    """A report. Each row holds its group, the counts, and the figures; a figure nothing can be said of is null.

    By agent, calls nobody answered are nobody's: `service_level` and `abandonment` are null in the rows. By hour only calls are
    counted. By cause an answer counts with each it names, by product with each its customer had bought; the total counts each
    once. Figures are of whole days, from the hour things happened in the company's zone.
    """

    model_config = ConfigDict(frozen=True)

    report: ReportName
    since: datetime
    until: Annotated[datetime, Field(description="Just past the last day.")]
    zone: str
    as_of: Annotated[datetime, Field(description="What happened until then is counted.")]
    group_by: GroupBy
    rows: Sequence[Mapping[str, Any]]
    total: Mapping[str, Any]
    before: Annotated[Mapping[str, Any] | None, Field(description="The total of the span before, where it was asked for.")]
    formulas: Mapping[str, ShownFormula]


class ShownRow(BaseModel):
    """A call, ticket, answer or delivery behind a count. `name`: the call's id at the exchange, or the ticket's number."""

    model_config = ConfigDict(frozen=True, extra="allow")

    kind: Literal["call", "ticket", "answer", "delivery"]
    id: UUID
    name: str | None
    at: datetime


def shown(question: Question, found: Report) -> ShownReport:
    """Return a report as it is shown."""
    formulas = {
        name: ShownFormula(unit=formula.unit, formula=formula.text, source=formula.source)
        for name, formula in found.formulas.items()
    }
    told = {name: getattr(found, name) for name in ("since", "until", "zone", "as_of", "rows", "total", "before")}
    return ShownReport(report=question.report, group_by=question.groups, formulas=formulas, **told)
