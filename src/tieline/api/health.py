"""`/healthz`, `/readyz`, `/metrics`: for those who keep it running."""

import asyncio
import contextlib
from typing import Annotated, Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from tieline.api.house import HouseOfRequest
from tieline.api.strict_route import StrictRoute
from tieline.domain.errors import Overloaded
from tieline.observability import metrics
from tieline.security.declarations import permit, public
from tieline.services import readiness, work_waiting
from tieline.services.break_glass import notice
from tieline.services.readiness import Notice, State

router = APIRouter(route_class=StrictRoute, tags=["Operation"])


class Alive(BaseModel):
    """The process lives."""

    model_config = ConfigDict(frozen=True)

    status: Literal["ok"] = "ok"


class Ready(BaseModel):
    """One word for each part; nothing that would help a stranger."""

    model_config = ConfigDict(frozen=True)

    ready: bool
    database: State
    migrations: State
    clock: State
    notices: Annotated[
        tuple[Notice, ...],
        Field(description="What is well and yet to be known: `local_admin_inside`, a local administrator is signed in."),
    ] = ()


@router.get(
    "/healthz",
    operation_id="get_health",
    summary="Is the process alive?",
    dependencies=[public("says only that the process lives; probes carry no key")],
)
async def healthz() -> Alive:
    """Answer without asking anything else. When this fails, restart the process."""
    return Alive()


@router.get(
    "/readyz",
    operation_id="get_readiness",
    summary="May work be sent here?",
    responses={503: {"description": "Not now; `database`, `migrations` or `clock` says why.", "model": Ready}},
    dependencies=[public("four words; load balancers carry no key")],
)
async def readyz(house: HouseOfRequest, response: Response) -> Ready:
    """Ask the database for its revision and its clock. When this fails, send work elsewhere; a restart would not help."""
    found = await readiness.check(house.database, clock=house.clock)
    response.status_code = 200 if found.ready else 503
    return Ready(ready=found.ready, database=found.database, migrations=found.schema, clock=found.clock, notices=found.notices)


@router.get(
    "/metrics",
    operation_id="get_metrics",
    summary="Read the metrics",
    response_class=Response,
    responses={200: {"description": "Prometheus' text format.", "content": {"text/plain": {"schema": {"type": "string"}}}}},
    dependencies=[permit("metrics.read")],
)
async def read_metrics(house: HouseOfRequest) -> Response:
    """Return every counter of this process, or of all processes here when they share a directory, and what waits in the database.

    While the database is away, what waits is told as it stood before. Thousands of series take tens of milliseconds to write
    down, so a thread of its own does it: nobody's pop waits for that.
    """
    with contextlib.suppress(Overloaded):
        await work_waiting.observe(house.database)
        await notice.observe(house.database, clock=house.clock)
    return Response(await asyncio.to_thread(metrics.exposition), media_type=metrics.CONTENT_TYPE)
