"""The figures a manager asks for, as JSON or as a table for a spreadsheet."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from tieline.api.csv_text import MEDIA_TYPE, csv_text
from tieline.api.house import HouseOfRequest
from tieline.api.openapi import problems
from tieline.api.strict_route import StrictRoute
from tieline.security.permissions import Caller, permit
from tieline.services import reports
from tieline.services.reports import Question, Report, ReportName
from tieline.store.reports import GroupBy

router = APIRouter(route_class=StrictRoute, tags=["Feedback"])
Day = Annotated[date, Field(ge=date(2000, 1, 1), lt=date(2100, 1, 1))]
_SPREADSHEET: dict[int | str, dict[str, Any]] = {200: {"content": {"text/csv": {"schema": {"type": "string"}}}}}


class ReportQuery(BaseModel):
    """Which days, both included, as they are where the company is."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    from_: Annotated[Day | None, Field(alias="from", description="Left out: six days before `to`.")] = None
    to: Annotated[Day | None, Field(description="Left out: today.")] = None
    group_by: GroupBy = "day"
    format: Literal["json", "csv"] = "json"
    answered_within_s: Annotated[int, Field(ge=1, le=600, description="The threshold of the service level.")] = 20


class ShownFormula(BaseModel):
    """How a figure is worked out, in which unit, and where that comes from."""

    model_config = ConfigDict(frozen=True)

    unit: str
    formula: str
    source: str


class ShownReport(BaseModel):
    """A report. Each row holds its group, the counts, and the figures; a figure nothing can be said of is null.

    By agent, calls nobody answered are nobody's: `service_level` and `abandonment` are null in the rows.
    """

    model_config = ConfigDict(frozen=True)

    report: ReportName
    since: datetime
    until: Annotated[datetime, Field(description="Just past the last day.")]
    zone: str
    group_by: GroupBy
    rows: Sequence[Mapping[str, Any]]
    total: Mapping[str, Any]
    formulas: Mapping[str, ShownFormula]


@router.get(
    "/v1/reports/{report}",
    operation_id="get_report",
    summary="Read the figures",
    response_model=ShownReport,
    responses={
        **_SPREADSHEET,
        **problems(
            {
                404: "No such report: `not_found`.",
                422: "The span is empty or longer than 400 days: `report_span`; or it does not fit.",
            }
        ),
    },
)
async def get_report(
    report: Annotated[ReportName, Path(description="Which report.")],
    query: Annotated[ReportQuery, Query()],
    caller: Annotated[Caller, permit("reports.read")],
    house: HouseOfRequest,
) -> ShownReport | Response:
    """Return counts and figures by group and in all. An agent is told of their own work."""
    asked = {name: getattr(query, name) for name in ("group_by", "format", "answered_within_s")}
    question = Question(report=report, since=query.from_, until=query.to, **asked)
    found = await reports.ask(house.tickets, question, by=caller)
    if query.format == "csv":
        headers = {"Content-Disposition": f'attachment; filename="{report}.csv"'}
        return Response(csv_text(found.columns, found.rows), media_type=MEDIA_TYPE, headers=headers)
    return _shown(report, query.group_by, found)


def _shown(report: ReportName, group_by: GroupBy, found: Report) -> ShownReport:
    formulas = {
        name: ShownFormula(unit=formula.unit, formula=formula.text, source=formula.source)
        for name, formula in found.formulas.items()
    }
    return ShownReport(
        report=report,
        since=found.span.since,
        until=found.span.until,
        zone=found.span.zone,
        group_by=group_by,
        rows=found.rows,
        total=found.total,
        formulas=formulas,
    )
