"""The figures a manager asks for, as JSON or as a table for a spreadsheet; and the rows a figure opens to."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Response

from tieline.api.csv_text import MEDIA_TYPE as CSV
from tieline.api.csv_text import csv_text
from tieline.api.house import CursorsOfRequest, HouseOfRequest
from tieline.api.lists import Page
from tieline.api.openapi import problems
from tieline.api.paging import Pager
from tieline.api.report_shapes import ReportQuery, RowsQuery, ShownReport, ShownRow, shown
from tieline.api.strict_route import StrictRoute
from tieline.api.xlsx_book import MEDIA_TYPE as XLSX
from tieline.api.xlsx_book import xlsx_book
from tieline.domain.kpi_formulas import ReportName
from tieline.security.declarations import permit
from tieline.security.permissions import Caller
from tieline.services.reports import asking, rows

router = APIRouter(route_class=StrictRoute, tags=["Feedback"])
Name = Annotated[ReportName, Path(description="Which report.")]
Reader = Annotated[Caller, permit("reports.read")]
_SPREADSHEETS: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {"text/csv": {"schema": {"type": "string"}}, XLSX: {"schema": {"type": "string", "format": "binary"}}}}
}
_WRITERS: Final = {"csv": (csv_text, CSV), "xlsx": (xlsx_book, XLSX)}
_UNFIT = "The span is empty or longer than 400 days: `report_span`; no such group or filter: `report_group`"
_REFUSALS: Final = {403: "Somebody else's work is asked for by name: `forbidden`.", 404: "No such report: `not_found`."}


@router.get(
    "/v1/reports/{report}",
    operation_id="get_report",
    summary="Read the figures",
    response_model=ShownReport,
    responses={**_SPREADSHEETS, **problems({**_REFUSALS, 422: f"{_UNFIT}; or it does not fit."})},
)
async def get_report(
    report: Name, query: Annotated[ReportQuery, Query()], caller: Reader, house: HouseOfRequest
) -> ShownReport | Response:
    """Return counts and figures by group and in all. An agent is told of their own work, who leads a team of that team's."""
    question = query.question(report, group_by=query.group_by, compare=query.compare, format=query.format)
    found = await asking.ask(house.tickets, question, by=caller)
    if query.format == "json":
        return shown(question, found)
    write, media_type = _WRITERS[query.format]
    headers = {"Content-Disposition": f'attachment; filename="{report}.{query.format}"'}
    return Response(write(found.columns, found.rows), media_type=media_type, headers=headers)


@router.get(
    "/v1/reports/{report}/rows",
    operation_id="list_report_rows",
    summary="Open a count to its rows",
    responses=problems({**_REFUSALS, 422: f"{_UNFIT}; no such count: `report_count`; or it does not fit."}),
)
async def list_report_rows(
    report: Name, query: Annotated[RowsQuery, Query()], caller: Reader, house: HouseOfRequest, cursors: CursorsOfRequest
) -> Page[ShownRow]:
    """Return the calls, tickets, answers or deliveries that a count of the report counts, newest first."""
    pager = Pager("report-rows", query, cursors)
    kind, found = await rows.behind(
        house.tickets, query.question(report), query.measure, by=caller, before=pager.after, limit=pager.fetch
    )
    return pager.page(
        found,
        place=lambda row: (row["at"].isoformat(), str(row["id"])),
        show=lambda row: ShownRow.model_validate({"kind": kind, **row}),
    )
