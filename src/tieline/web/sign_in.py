"""The door to desk and reports: a provider's people are sent to it; a personal key is exchanged for a session cookie."""

from typing import Final

import structlog
from fastapi import APIRouter, Request, Response
from starlette.responses import RedirectResponse

from tieline.domain.errors import ConnectorError, NotAllowed, NotSignedIn
from tieline.security.client_address import client_address
from tieline.security.declarations import public
from tieline.services.access import Access, Credentials
from tieline.services.sign_in.desk import SignInDesk
from tieline.web.arrivals import arrival_of
from tieline.web.break_glass_page import BreakGlassPage
from tieline.web.forms import form_of
from tieline.web.page_route import SIGN_IN
from tieline.web.painter import Painter
from tieline.web.provider_door import ProviderDoor
from tieline.web.session_cookies import drop_cookie, give_cookie
from tieline.web.sign_in_page import sign_in_page
from tieline.web.way_in import way_in

LONGEST_FORM_BYTES: Final = 2048
NOBODY_YET: Final = public("whoever signs in is nobody yet")

log = structlog.get_logger()


class SignIn:
    """The endpoints, with the painter they share. Another site's form is turned away before it gets here."""

    def __init__(self, painter: Painter) -> None:
        self._painter = painter

    def add_to(self, router: APIRouter) -> None:
        """Add the routes."""
        router.add_api_route(SIGN_IN, self.show, methods=["GET"], dependencies=[NOBODY_YET])
        router.add_api_route(SIGN_IN, self.enter, methods=["POST"], dependencies=[NOBODY_YET])
        router.add_api_route("/desk/sign-out", self.leave, methods=["POST"], dependencies=[public("ends only one's own session")])
        BreakGlassPage(self._painter).add_to(router)
        ProviderDoor(self._painter).add_to(router)

    async def show(self, request: Request) -> Response:
        """Show the form."""
        return await sign_in_page(self._painter, request)

    async def enter(self, request: Request) -> Response:
        """Exchange a key that belongs to an agent for a session."""
        access: Access = request.app.state.access
        form = await form_of(request, longest_bytes=LONGEST_FORM_BYTES)
        key = f"Bearer {form.get('key', '').strip()}"
        given = Credentials(authorization=(key,), address=client_address(request))
        try:
            caller = await access.who(given)
            way = way_in(request.query_params.get("to"), caller)
        except (NotSignedIn, NotAllowed):
            return await sign_in_page(self._painter, request, status=401, trouble="sign_in.failed")
        if caller.agent is None:
            return await sign_in_page(self._painter, request, status=403, trouble="sign_in.failed")
        name: str = request.app.state.session_cookie
        token, _ = await access.open_session(caller.agent, arrival=arrival_of(request))
        answer = _to(way)
        give_cookie(answer, name, token)
        return answer

    async def leave(self, request: Request) -> Response:
        """End the session and forget its cookie; whoever came by a provider is led to its own signing out."""
        name: str = request.app.state.session_cookie
        token = request.cookies.get(name)
        issuer = await request.app.state.access.end_session(token) if token else None
        answer = _to(await _goodbye(request, issuer))
        drop_cookie(answer, name)
        return answer


async def _goodbye(request: Request, issuer: str | None) -> str:
    """Return where a browser goes that has signed out here; a provider that cannot be reached holds nobody up."""
    desk: SignInDesk = request.app.state.house.sign_in
    try:
        return await desk.leave_address(issuer, back=SIGN_IN) or SIGN_IN
    except ConnectorError as exc:
        log.warning("sign_in.provider_unreachable", code=exc.code)
        return SIGN_IN


def _to(address: str) -> Response:
    return RedirectResponse(address, status_code=303, headers={"Cache-Control": "no-store"})
