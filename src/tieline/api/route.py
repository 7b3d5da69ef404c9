"""The question an exchange asks before it puts a call into a queue."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import orjson
from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from tieline.api.house import house_of
from tieline.api.strict_route import BareRoute
from tieline.domain.pop_query import phone_text
from tieline.security.declarations import permit
from tieline.security.permissions import Caller
from tieline.services import routing

Written = Annotated[str, BeforeValidator(phone_text), Field(max_length=200)]
router = APIRouter(route_class=BareRoute, tags=["Calls"])


class RouteQuery(BaseModel):
    """Who calls which line."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    phone: Annotated[Written, Field(description="As the exchange wrote it; may be empty.", examples=["+8613800138000"])] = ""
    line: Annotated[Written | None, Field(description="The called number.", examples=["+861065543800"])] = None


class ShownRoute(BaseModel):
    """Where the call should go."""

    model_config = ConfigDict(frozen=True)

    queue: Annotated[str | None, Field(description="The line's first queue; null where the line has none.")]
    skills: Annotated[Sequence[str], Field(description="The line's language, the caller's tier.")] = ()
    priority: Annotated[int, Field(description="0, 10 or 20; the higher goes first.")]
    agent: Annotated[str | None, Field(description="Who served this caller within the last day.")] = None
    reason: Annotated[str, Field(examples=["high_value, same_agent"])]


@router.get("/v1/route", operation_id="get_route", summary="Who should get the call?", response_model=ShownRoute)
async def get_route(
    query: Annotated[RouteQuery, Query()], caller: Annotated[Caller, permit("calls.route")], request: Request
) -> Response:
    """Say where a call should go, by what is remembered of the number: no system is asked, and there is always an answer."""
    del caller  # the permission is what counts; a machine asks for nobody in particular
    decided = await routing.decide(house_of(request).desk, query.phone, query.line)
    return Response(orjson.dumps(asdict(decided)), media_type="application/json")
