"""The question a softphone asks when the phone rings."""

from typing import Annotated, Final

import orjson
from fastapi import APIRouter, Query, Request, Response
from starlette.responses import RedirectResponse

from tieline.api.house import house_of
from tieline.api.openapi import problems
from tieline.api.strict_route import BareRoute
from tieline.domain.errors import NotAllowed
from tieline.domain.pop_query import PopQuery
from tieline.domain.screen_pop import ScreenPop
from tieline.security.declarations import permit
from tieline.security.permissions import Caller
from tieline.services import pop_pages, screen_pop
from tieline.services.pop_access import allowed_query
from tieline.services.screen_pop import Asker

router = APIRouter(route_class=BareRoute, tags=["Screen pops"])

_ELSEWHERE: Final = frozenset({"cross-site", "same-site"})


@router.get(
    "/v1/screen-pop",
    operation_id="get_screen_pop",
    summary="Who is calling?",
    response_model=ScreenPop,
    responses={
        303: {
            "description": "For `Accept: text/html`: the pop's page, with a one-time code that is good for a minute.",
            "headers": {"Location": {"schema": {"type": "string"}, "description": "`/pop/{pop_id}?code=…`"}},
        },
        **problems(
            {
                403: "Not permitted: `forbidden`, `scope_missing`; an agent asking for a number in no call of theirs: "
                "`pop_not_in_call`; asked by another site's page, or by a browser ahead of time: `cross_site`."
            }
        ),
    },
)
async def get_screen_pop(
    query: Annotated[PopQuery, Query()], caller: Annotated[Caller, permit("pops.read")], request: Request
) -> Response:
    """Tell what every connected system knows of the caller, by the deadline, each part with its state.

    A system that is slow or down costs its own block and never the answer. Nobody is created, nothing is written to any system.
    """
    _refuse_browsing(request)
    house = house_of(request)
    wanted = await allowed_query(house.desk, query, caller=caller)
    pop = await screen_pop.look_up(house.desk, wanted, asker=Asker(actor=caller.actor, role=caller.role))
    if _wants_page(request):
        page = await pop_pages.address_of(house.database, pop["pop_id"], agent=wanted.agent, now=house.clock())
        return RedirectResponse(page, status_code=303)
    return Response(orjson.dumps(pop, option=orjson.OPT_UTC_Z), media_type="application/json")


def _refuse_browsing(request: Request) -> None:
    """Refuse what a page of somebody else's loads, and what a browser loads before anybody wants it (row B68)."""
    headers = request.headers
    if headers.get("sec-fetch-site") in _ELSEWHERE or "prefetch" in headers.get("sec-purpose", headers.get("purpose", "")):
        raise NotAllowed("Only the softphone itself asks this.", code="cross_site")


def _wants_page(request: Request) -> bool:
    return request.headers.get("accept", "").lstrip().startswith("text/html")
