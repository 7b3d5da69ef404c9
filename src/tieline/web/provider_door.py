"""The doors by which a provider's people come in: out to it, back from it, and the provider's own word that somebody has left."""

from typing import Annotated, Final
from urllib.parse import parse_qsl

from fastapi import APIRouter, Path, Query, Request, Response
from starlette.responses import RedirectResponse

from tieline.domain.errors import BodyMalformed, ConnectorError
from tieline.security.declarations import permit, public
from tieline.security.json_web_tokens import TokenRefused
from tieline.security.permissions import Caller
from tieline.services.access import Access, Credentials
from tieline.services.sign_in.attempt import LIFE
from tieline.services.sign_in.desk import SignInDesk
from tieline.web.arrivals import arrival_of
from tieline.web.forms import form_of
from tieline.web.page_route import BACK_TO, BREAK_GLASS, SIGN_IN, STEP_UP
from tieline.web.painter import Painter
from tieline.web.session_cookies import drop_cookie, give_cookie
from tieline.web.sign_in_page import sign_in_page
from tieline.web.way_in import way_in

Name = Annotated[str, Path(max_length=41)]
SignedIn = Annotated[Caller, permit("sessions.end")]
To = Annotated[str, Query(max_length=20)]
MOST_FIELDS: Final = 20
LOGOUT_FORM_BYTES: Final = 32_768
WAY_OUT: Final = public("whoever signs in is nobody yet; leads to the provider")
WAY_BACK: Final = public("whoever signs in is nobody yet; what comes back is checked against this browser's own attempt")
PROVIDERS_WORD: Final = public("the provider's own word, believed by its signature alone; it can only end sessions")
_NO_STORE: Final = {"Cache-Control": "no-store"}


class ProviderDoor:
    """The endpoints, with the painter they share."""

    def __init__(self, painter: Painter) -> None:
        self._painter = painter

    def add_to(self, router: APIRouter) -> None:
        """Add the routes."""
        one = f"{SIGN_IN}/{{provider}}"
        router.add_api_route(STEP_UP, self.once_more, methods=["GET"])
        router.add_api_route(one, self.leave, methods=["GET"], dependencies=[WAY_OUT])
        router.add_api_route(f"{one}/callback", self.come_back, methods=["GET"], dependencies=[WAY_BACK])
        router.add_api_route(f"{one}/logout", self.hear, methods=["POST"], dependencies=[PROVIDERS_WORD])

    async def leave(self, request: Request, provider: Name, to: To = "") -> Response:
        """Send the browser to the provider, with its attempt sealed in a cookie."""
        return await self._send(request, provider, to=to)

    async def once_more(self, request: Request, caller: SignedIn, to: To = "") -> Response:
        """Lead whoever is signed in through their own door again; what is delicate asks for that. No provider has this name."""
        token = request.cookies.get(request.app.state.session_cookie)
        session = await request.app.state.access.session(token) if token else None
        query = f"?again=yes&to={to}" if to in BACK_TO else "?again=yes"
        if session is None or session.admin is not None:
            return RedirectResponse(BREAK_GLASS if session else "/desk", status_code=303, headers=_NO_STORE)
        provider = _desk(request).provider_of(session.issuer)
        if provider is None:
            return RedirectResponse(f"{SIGN_IN}{query}", status_code=303, headers=_NO_STORE)
        return await self._send(request, provider, to=to, agent=caller.agent or "")

    async def _send(self, request: Request, provider: str, *, to: str, agent: str = "") -> Response:
        try:
            address, attempt = await _desk(request).begin(provider, to=to if to in BACK_TO else "", agent=agent)
        except ConnectorError:
            return await self._unreachable(request)
        answer = RedirectResponse(address, status_code=303, headers=_NO_STORE)
        give_cookie(answer, _attempt_cookie(request), attempt, life_s=int(LIFE.total_seconds()))
        return answer

    async def come_back(self, request: Request, provider: Name) -> Response:
        """Open a session for whoever the provider vouches for. Whatever is wrong, the page says the same."""
        access: Access = request.app.state.access
        attempt = _attempt_cookie(request)
        session: str = request.app.state.session_cookie
        try:
            token, to = await _desk(request).finish(
                provider,
                _fields(request.url.query),
                request.cookies.get(attempt, ""),
                access,
                arrival=arrival_of(request),
            )
        except TokenRefused:
            answer: Response = await sign_in_page(self._painter, request, status=401, trouble="sign_in.refused")
        except ConnectorError:
            answer = await self._unreachable(request)
        else:
            caller = await access.who(Credentials(session=token))
            way = way_in(to, caller) if caller.may("desk.open") or caller.may("reports.read") else "/docs"
            answer = RedirectResponse(way, status_code=303, headers=_NO_STORE)
            give_cookie(answer, session, token)
        drop_cookie(answer, attempt)
        return answer

    async def hear(self, request: Request, provider: Name) -> Response:
        """End the sessions a logout token speaks of (OpenID Connect Back-Channel Logout 1.0, 2.8)."""
        form = await form_of(request, longest_bytes=LOGOUT_FORM_BYTES)
        try:
            await _desk(request).log_out(provider, form.get("logout_token", ""))
        except TokenRefused as exc:
            raise BodyMalformed(code="logout_token_invalid") from exc
        return Response(status_code=200, headers=_NO_STORE)

    async def _unreachable(self, request: Request) -> Response:
        return await sign_in_page(self._painter, request, status=503, trouble="sign_in.unreachable")


def _desk(request: Request) -> SignInDesk:
    desk: SignInDesk = request.app.state.house.sign_in
    return desk


def _attempt_cookie(request: Request) -> str:
    return f"{request.app.state.session_cookie}-sign-in"


def _fields(query: str) -> dict[str, str]:
    """Return what came back; a name said twice leaves open which one counts, so that none does."""
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        return {}
    fields = dict(pairs)
    return fields if len(fields) == len(pairs) else {}
