"""The door's page: a button for each provider, a field for a personal key, and what went wrong."""

from fastapi import Request, Response

from tieline.security.client_address import client_address
from tieline.services.sign_in.desk import SignInDesk
from tieline.web.page_route import BACK_TO, BREAK_GLASS
from tieline.web.painter import Painter
from tieline.web.standing import break_glass_of, local_admin_inside


async def sign_in_page(painter: Painter, request: Request, *, status: int = 200, trouble: str | None = None) -> Response:
    """Return the page; `trouble` is the text that says what went wrong."""
    desk: SignInDesk = request.app.state.house.sign_in
    to = request.query_params.get("to", "")
    return painter.page(
        request,
        "sign_in.html",
        status=status,
        trouble=trouble,
        providers={name: provider.title for name, provider in desk.providers.items()},
        again=request.query_params.get("again") == "yes",
        to=to if to in BACK_TO else "",
        break_glass=BREAK_GLASS if break_glass_of(request).stands_at(client_address(request)) else None,
        local_admin_inside=await local_admin_inside(request),
    )
