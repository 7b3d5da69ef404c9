"""The pages themselves: an agent's desk, the reports, one pop's page, the door to them, and the files they load."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Final

from fastapi import APIRouter, Path, Query, Request, Response
from starlette.responses import RedirectResponse

from tieline.domain.errors import NotAllowed, NotFound
from tieline.domain.order import OPEN_ORDER_STATUSES
from tieline.security.declarations import permit, public
from tieline.security.permissions import Caller
from tieline.security.reveal import revealed_to
from tieline.web.approvals_page import ApprovalsPage
from tieline.web.assets import assets
from tieline.web.languages import language_of
from tieline.web.page_route import page_route
from tieline.web.painter import Painter
from tieline.web.sessions_page import SessionsPage
from tieline.web.sign_in import SignIn
from tieline.web.standing import local_admin_inside
from tieline.web.survey_page import survey_router

if TYPE_CHECKING:
    from tieline.services.house import House

AgentId = Annotated[str | None, Query(max_length=200)]
PopId = Annotated[str, Path(max_length=200)]
DeskVisitor = Annotated[Caller, permit("desk.open")]
ReportReader = Annotated[Caller, permit("reports.read")]
Wall = Annotated[bool, Query(description="The view for a screen on the wall, which refreshes itself.")]
SAME_FOR_EVERYONE: Final = public("the same files for everyone")
EMPTY_SHELL: Final = public("an empty page; what it shows comes for a one-time code or to whoever is signed in")


def web_routers(*, frame_ancestors: Sequence[str] = (), sign_out_at: Sequence[str] = ()) -> list[APIRouter]:
    """Return the HTML door's routes. `frame_ancestors`: origins (the softphones') that may show our pages in a frame.

    `sign_out_at`: origins of the providers people sign in by.

    The application's state holds `access`, `session_cookie` and `house` as the JSON door sets them.
    """
    painter = Painter(frame_ancestors, sign_out_at)
    shown = Pages(painter)
    router = APIRouter(route_class=page_route(painter), include_in_schema=False)
    router.add_api_route("/", shown.home, methods=["GET"], dependencies=[public("leads to the desk")])
    router.add_api_route("/desk", shown.desk, methods=["GET"])
    router.add_api_route("/reports", shown.reports, methods=["GET"])
    router.add_api_route("/pop/{pop_id}", shown.pop, methods=["GET"], dependencies=[EMPTY_SHELL])
    router.add_api_route("/static/{version}/{name:path}", shown.file, methods=["GET", "HEAD"], dependencies=[SAME_FOR_EVERYONE])
    router.add_api_route("/favicon.ico", shown.icon, methods=["GET", "HEAD"], dependencies=[SAME_FOR_EVERYONE])
    SessionsPage(painter).add_to(router)
    ApprovalsPage(painter).add_to(router)
    SignIn(painter).add_to(router)
    return [router, survey_router()]


class Pages:
    """The endpoints, with the painter they share."""

    def __init__(self, painter: Painter) -> None:
        self._painter = painter

    async def home(self) -> Response:
        """Lead to the desk."""
        return RedirectResponse("/desk", status_code=307)

    async def desk(self, request: Request, caller: DeskVisitor, agent: AgentId = None) -> Response:
        """Show an agent's desk; to whoever speaks for no one in particular, the choice of desks."""
        house: House = request.app.state.house
        wanted = agent or caller.agent
        if wanted is None:
            agents = sorted(house.directory.now.agents.values(), key=lambda each: each.id)
            return self._painter.page(request, "choose.html", agents=agents, local_admin_inside=await local_admin_inside(request))
        if not caller.speaks_for(wanted):
            raise NotAllowed
        found = house.agent(wanted)
        if found is None:
            raise NotFound
        language = language_of(request, preferred=found.language)
        return self._painter.page(
            request,
            "desk.html",
            language=language,
            agent=found.id,
            agent_name=found.name,
            may_leave=caller.agent is not None,
            may_approve=caller.may("approvals.decide"),
            may_reveal=" ".join(revealed_to(caller.role)) if caller.may("customers.reveal") else "",
            local_admin_inside=await local_admin_inside(request),
            open_orders=" ".join(sorted(OPEN_ORDER_STATUSES)),
        )

    async def reports(self, request: Request, caller: ReportReader, wall: Wall = False) -> Response:  # noqa: FBT002 - a query
        """Show the reports. The page is empty: each figure comes from the interface, which tells everyone their own."""
        house: House = request.app.state.house
        reader = house.agent(caller.agent) if caller.agent else None
        language = language_of(request, preferred=reader.language if reader else None)
        may = {"may_leave": caller.agent is not None, "may_correct": caller.may("feedback.correct")}
        inside = await local_admin_inside(request)
        return self._painter.page(request, "reports.html", language=language, wall=wall, **may, local_admin_inside=inside)

    async def pop(self, request: Request, pop_id: PopId) -> Response:
        """Show the page that a softphone opens for one pop. It is empty until its script has shown the one-time code."""
        return self._painter.page(request, "pop.html", pop_id=pop_id)

    async def file(self, request: Request, version: str, name: str) -> Response:
        """Give a script, a style sheet, a catalogue of texts."""
        return assets().answer(request, version, name)

    async def icon(self, request: Request) -> Response:
        """Give the icon to browsers that ask by themselves, as they do beside whatever is no page of ours: an answer in JSON."""
        return assets().answer(request, "", "icon.svg")
