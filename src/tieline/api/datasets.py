"""Datasets for BI tools that read JSON: flat rows in one envelope, whatever there is to tell."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from tieline.api.house import HouseOfRequest
from tieline.api.openapi import problems
from tieline.api.report_shapes import Day
from tieline.api.strict_route import StrictRoute
from tieline.security.declarations import permit
from tieline.security.permissions import Caller
from tieline.services.reports import datasets
from tieline.store.datasets import Dataset

router = APIRouter(route_class=StrictRoute, tags=["Feedback"])
LARGEST_PAGE = 50_000


class DatasetQuery(BaseModel):
    """Which days, both included, as they are where the company is, and which page of them."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    from_: Annotated[Day | None, Field(alias="from", description="Left out: six days before `to`.")] = None
    to: Annotated[Day | None, Field(description="Left out: today.")] = None
    page: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    size: Annotated[int, Field(ge=1, le=LARGEST_PAGE, description="Rows of a page.")] = 10_000


class ShownDataset(BaseModel):
    """One page. Every row has the same keys; moments are `yyyy-MM-dd HH:mm:ss` where the company is; `data` may be empty."""

    model_config = ConfigDict(frozen=True)

    code: Literal[0] = 0
    data: Sequence[Mapping[str, Any]]
    total: Annotated[int, Field(description="Rows of all pages.")]


@router.get(
    "/v1/datasets/{name}",
    operation_id="read_dataset",
    summary="Read a dataset for BI",
    responses=problems(
        {
            403: "Only who may see every team's figures: `forbidden`.",
            404: "No such dataset: `not_found`.",
            422: "The span is empty or longer than 400 days: `report_span`; or it does not fit.",
        }
    ),
)
async def read_dataset(
    name: Annotated[Dataset, Path(description="A view of the schema `reporting`.")],
    query: Annotated[DatasetQuery, Query()],
    caller: Annotated[Caller, permit("reports.read")],
    house: HouseOfRequest,
) -> ShownDataset:
    """Return flat rows for a tool that can send a header and read JSON. For SQL, `tieline bi grant` makes a role."""
    total, rows = await datasets.read(house.tickets, name, (query.from_, query.to), page=query.page, size=query.size, by=caller)
    return ShownDataset(data=rows, total=total)
