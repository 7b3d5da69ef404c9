"""The door to the desk: a personal key is shown once and exchanged for a session cookie."""

from typing import Final
from urllib.parse import parse_qsl

from fastapi import APIRouter, Request, Response
from starlette.responses import RedirectResponse

from tieline.domain.errors import BodyMalformed, NotAllowed, NotSignedIn
from tieline.security.permissions import public
from tieline.services.access import Access, Credentials
from tieline.web.page_route import SIGN_IN
from tieline.web.painter import Painter

LONGEST_FORM_BYTES: Final = 2048
FORM: Final = "application/x-www-form-urlencoded"
NOBODY_YET: Final = public("whoever signs in is nobody yet")


class SignIn:
    """The endpoints, with the painter they share. Another site's form is turned away before it gets here."""

    def __init__(self, painter: Painter) -> None:
        self._painter = painter

    def add_to(self, router: APIRouter) -> None:
        """Add the routes."""
        router.add_api_route(SIGN_IN, self.show, methods=["GET"], dependencies=[NOBODY_YET])
        router.add_api_route(SIGN_IN, self.enter, methods=["POST"], dependencies=[NOBODY_YET])
        router.add_api_route("/desk/sign-out", self.leave, methods=["POST"], dependencies=[public("ends only one's own session")])

    async def show(self, request: Request) -> Response:
        """Show the form."""
        return self._painter.page(request, "sign_in.html", failed=False)

    async def enter(self, request: Request) -> Response:
        """Exchange a key that belongs to an agent for a session."""
        access: Access = request.app.state.access
        try:
            caller = await access.who(Credentials(authorization=(f"Bearer {await _key_in(request)}",)))
            caller.require("desk.open")
        except (NotSignedIn, NotAllowed):
            return self._painter.page(request, "sign_in.html", status=401, failed=True)
        if caller.agent is None:
            return self._painter.page(request, "sign_in.html", status=403, failed=True)
        token, _ = await access.open_session(caller.agent)
        answer = _to_the_desk()
        name: str = request.app.state.session_cookie
        answer.set_cookie(name, token, path="/", httponly=True, samesite="lax", secure=name.startswith("__Host-"))
        return answer

    async def leave(self, request: Request) -> Response:
        """End the session and forget its cookie."""
        name: str = request.app.state.session_cookie
        token = request.cookies.get(name)
        if token:
            await request.app.state.access.end_session(token)
        answer = RedirectResponse(SIGN_IN, status_code=303, headers={"Cache-Control": "no-store"})
        answer.delete_cookie(name, path="/", httponly=True, samesite="lax", secure=name.startswith("__Host-"))
        return answer


def _to_the_desk() -> Response:
    return RedirectResponse("/desk", status_code=303, headers={"Cache-Control": "no-store"})


async def _key_in(request: Request) -> str:
    """Return the form's key. Raises: BodyMalformed: it is no form of ours."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise BodyMalformed(code="media_type", http_status=415)
    body = await request.body()
    if len(body) > LONGEST_FORM_BYTES:
        raise BodyMalformed(code="body_too_large", http_status=413)
    fields = dict(parse_qsl(body.decode("latin-1"), max_num_fields=5))
    return fields.get("key", "").strip()
