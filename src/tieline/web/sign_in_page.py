"""The door's page: a button for each provider, a field for a personal key, and what went wrong."""

from fastapi import Request, Response

from tieline.services.sign_in.desk import SignInDesk
from tieline.web.page_route import BACK_TO
from tieline.web.painter import Painter


def sign_in_page(painter: Painter, request: Request, *, status: int = 200, trouble: str | None = None) -> Response:
    """Return the page; `trouble` is the text that says what went wrong."""
    desk: SignInDesk = request.app.state.house.sign_in
    titles = {name: provider.title for name, provider in desk.providers.items()}
    to = request.query_params.get("to", "")
    return painter.page(request, "sign_in.html", status=status, trouble=trouble, providers=titles, to=to if to in BACK_TO else "")
