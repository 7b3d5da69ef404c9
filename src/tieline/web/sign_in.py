"""The door to the desk and the reports: a personal key is shown once and exchanged for a session cookie."""

from typing import Final
from urllib.parse import parse_qsl

from fastapi import APIRouter, Request, Response
from starlette.responses import RedirectResponse

from tieline.domain.errors import BodyMalformed, NotAllowed, NotSignedIn
from tieline.security.permissions import Caller, public
from tieline.services.access import Access, Credentials
from tieline.web.page_route import BACK_TO, SIGN_IN
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
        return self._form(request, failed=False)

    def _form(self, request: Request, *, failed: bool, status: int = 200) -> Response:
        to = request.query_params.get("to", "")
        return self._painter.page(request, "sign_in.html", status=status, failed=failed, to=to if to in BACK_TO else "")

    async def enter(self, request: Request) -> Response:
        """Exchange a key that belongs to an agent for a session."""
        access: Access = request.app.state.access
        try:
            caller = await access.who(Credentials(authorization=(f"Bearer {await _key_in(request)}",)))
            way = _way(request, caller)
        except (NotSignedIn, NotAllowed):
            return self._form(request, status=401, failed=True)
        if caller.agent is None:
            return self._form(request, status=403, failed=True)
        token, _ = await access.open_session(caller.agent)
        answer = RedirectResponse(way, status_code=303, headers={"Cache-Control": "no-store"})
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


def _way(request: Request, caller: Caller) -> str:
    """Return where to lead who signed in: where they came from, else to the desk; to the reports whoever has no desk.

    Raises: NotAllowed: they may open neither.
    """
    wanted = BACK_TO.get(request.query_params.get("to", ""))
    if caller.may("reports.read") and (wanted is not None or not caller.may("desk.open")):
        return BACK_TO["reports"]
    caller.require("desk.open")
    return "/desk"


async def _key_in(request: Request) -> str:
    """Return the form's key. Raises: BodyMalformed: it is no form of ours."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise BodyMalformed(code="media_type", http_status=415)
    body = await request.body()
    if len(body) > LONGEST_FORM_BYTES:
        raise BodyMalformed(code="body_too_large", http_status=413)
    fields = dict(parse_qsl(body.decode("latin-1"), max_num_fields=5))
    return fields.get("key", "").strip()
