"""Routes that answer people: who is not signed in is led to the door, and a refusal is a page with a sentence."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.responses import RedirectResponse

from tieline.domain.errors import NotAllowed, NotFound, NotSignedIn, TielineError
from tieline.web.painter import Painter

SIGN_IN: Final = "/desk/sign-in"
STEP_UP: Final = f"{SIGN_IN}/step-up"
BREAK_GLASS: Final = f"{SIGN_IN}/break-glass"
SESSIONS: Final = "/desk/sessions"
APPROVALS: Final = "/desk/approvals"
BACK_TO: Final[Mapping[str, str]] = {"reports": "/reports", "sessions": SESSIONS, "approvals": APPROVALS}
"""Where else than to the desk one may be led after signing in, by the word the door is asked with."""
_EXPLAINED: Final[tuple[type[TielineError], ...]] = (NotAllowed, NotFound)


def page_route(painter: Painter) -> type[APIRoute]:
    """Return the route class for pages painted by `painter`. What it does not explain passes on to the application."""

    class PageRoute(APIRoute):
        """One page."""

        def get_route_handler(self) -> Callable[[Request], Awaitable[Response]]:  # type: ignore[override] # the framework says Coroutine
            """Put the explanations around the framework's work."""
            show = super().get_route_handler()

            async def answer(request: Request) -> Response:
                try:
                    return await show(request)
                except NotSignedIn:
                    return RedirectResponse(_door(request), status_code=303, headers={"Cache-Control": "no-store"})
                except _EXPLAINED as refused:
                    reason = f"refused.{_room(request) or refused.code}"
                    return painter.page(request, "refused.html", status=refused.http_status, reason=reason)

            return answer

    return PageRoute


def _door(request: Request) -> str:
    room = _room(request)
    return f"{SIGN_IN}?to={room}" if room else SIGN_IN


def _room(request: Request) -> str | None:
    """Return the word of the page that was asked for; None: it is one of the desk's."""
    return next((word for word, path in BACK_TO.items() if path == request.url.path), None)
