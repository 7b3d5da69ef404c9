"""The local administrator's door: a form for name, password and code, where the server's settings let there be one."""

from typing import Final

from fastapi import APIRouter, Request, Response
from starlette.responses import RedirectResponse

from tieline.domain.errors import NotFound, NotSignedIn, RateLimited
from tieline.security.client_address import client_address
from tieline.security.declarations import public
from tieline.services.break_glass.door import Shown
from tieline.web.arrivals import arrival_of
from tieline.web.forms import form_of
from tieline.web.page_route import BREAK_GLASS, SESSIONS
from tieline.web.painter import Painter
from tieline.web.session_cookies import give_cookie
from tieline.web.standing import break_glass_of, local_admin_inside

LONGEST_FORM_BYTES: Final = 4096
NOBODY_YET: Final = public("whoever signs in is nobody yet; there is such a door only where the settings say so")


class BreakGlassPage:
    """The endpoints, with the painter they share. Another site's form is turned away before it gets here."""

    def __init__(self, painter: Painter) -> None:
        self._painter = painter

    def add_to(self, router: APIRouter) -> None:
        """Add the routes; no provider can have this name."""
        router.add_api_route(BREAK_GLASS, self.show, methods=["GET"], dependencies=[NOBODY_YET])
        router.add_api_route(BREAK_GLASS, self.enter, methods=["POST"], dependencies=[NOBODY_YET])

    async def show(self, request: Request) -> Response:
        """Show the form."""
        if not break_glass_of(request).stands_at(client_address(request)):
            raise NotFound
        return await self._page(request)

    async def enter(self, request: Request) -> Response:
        """Open a session, or say that it did not work; what was wrong is told to nobody here."""
        form = await form_of(request, longest_bytes=LONGEST_FORM_BYTES)
        shown = Shown(form.get("name", ""), form.get("password", ""), form.get("code", ""))
        cookie: str = request.app.state.session_cookie
        try:
            token = await break_glass_of(request).enter(shown, address=client_address(request), arrival=arrival_of(request))
        except NotSignedIn:
            return await self._page(request, status=401, trouble="break_glass.failed")
        except RateLimited as exc:
            answer = await self._page(request, status=429, trouble="break_glass.wait")
            answer.headers["Retry-After"] = str(int(exc.retry_after_s) + 1)
            return answer
        opened = RedirectResponse(SESSIONS, status_code=303, headers={"Cache-Control": "no-store"})
        give_cookie(opened, cookie, token)
        return opened

    async def _page(self, request: Request, *, status: int = 200, trouble: str | None = None) -> Response:
        inside = await local_admin_inside(request)
        return self._painter.page(
            request, "break_glass.html", status=status, trouble=trouble, action=BREAK_GLASS, local_admin_inside=inside
        )
