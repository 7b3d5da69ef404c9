"""Lotus CRM: JSON over REST, OAuth 2.0 client credentials, cursors; it ignores filters it does not know and caps pages silently.

Asked for `?mobile=…` instead of `?phone=…` it answers with everybody, as several real systems do. Pages hold 50 at most whatever
is asked. Errors are `application/problem+json` with a code.
"""

import base64
import binascii
import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tieline.sandbox.access import ACCESS
from tieline.sandbox.forms import form_fields
from tieline.sandbox.hooks import Hooks, lotus_signature
from tieline.sandbox.lotus_cases import LotusCases
from tieline.sandbox.lotus_opinions import LotusOpinions
from tieline.sandbox.lotus_problems import problem
from tieline.sandbox.lotus_records import contact_id, contact_record, user_records
from tieline.sandbox.lotus_screens import LotusScreens
from tieline.sandbox.population import Person
from tieline.sandbox.world import World

TOKEN_LIFETIME_S: Final = 300
_PAGE_DEFAULT, _PAGE_CAP = 25, 50


class LotusFaults:
    """How Lotus says that it failed or is asked too often."""

    def failed(self) -> Response:
        """Return a problem document with status 500."""
        return problem(500, "INTERNAL", "Something went wrong")

    def throttled(self, wait_s: int) -> Response:
        """Return 429 with Retry-After in seconds."""
        refusal = problem(429, "RATE_LIMITED", "Too many requests")
        refusal.headers["Retry-After"] = str(wait_s)
        return refusal


def lotus_crm(
    world: World,
    *,
    now: Callable[[], datetime],
    seconds: Callable[[], float],
    token_lifetime_s: int = TOKEN_LIFETIME_S,
) -> Starlette:
    """Return the CRM as an ASGI application. `seconds` is a clock that never goes back."""
    crm = _Lotus(world, seconds, token_lifetime_s)
    hooks = Hooks(
        ACCESS["crm"]["hook_secret"], lotus_signature, content_type="application/json", seconds=lambda: now().timestamp()
    )
    cases = LotusCases(crm.refusal, crm.knows, now, hooks)
    opinions = LotusOpinions(crm.refusal, crm.person, world)
    return Starlette(
        routes=[
            Route("/oauth/token", crm.grant, methods=["POST"]),
            Route("/oauth/tokens", crm.end_all_tokens, methods=["DELETE"]),
            Route("/v2/me", crm.me),
            Route("/v2/users", crm.users),
            Route("/v2/contacts", crm.contacts),
            Route("/v2/contacts/{id}", crm.contact, methods=["GET"]),
            Route("/v2/contacts/{id}", crm.change, methods=["PATCH"]),
            *opinions.routes(),
            *cases.routes(),
            *LotusScreens(crm.record, opinions, cases).routes(),
        ],
        exception_handlers={404: lambda _request, _error: problem(404, "NO_ROUTE", "There is nothing here")},
    )


class _Lotus:
    def __init__(self, world: World, seconds: Callable[[], float], token_lifetime_s: int) -> None:
        self._world = world
        self._seconds = seconds
        self._lifetime_s = token_lifetime_s
        self._tokens: dict[str, float] = {}
        self._residents = sorted(world.residents("crm"), key=lambda person: contact_id(person.key))
        self._changed: dict[str, dict[str, object]] = {}
        self._by_id = {contact_id(person.key): person for person in self._residents}

    async def grant(self, request: Request) -> Response:
        form = await form_fields(request)
        client = _basic_client(request) or (form.get("client_id"), form.get("client_secret"))
        if form.get("grant_type") != "client_credentials":
            return JSONResponse({"error": "unsupported_grant_type"}, 400)
        if client != (ACCESS["crm"]["client_id"], ACCESS["crm"]["client_secret"]):
            return JSONResponse({"error": "invalid_client", "error_description": "Unknown client or wrong secret"}, 401)
        token = secrets.token_urlsafe(24)
        self._tokens[token] = self._seconds() + self._lifetime_s
        grant = {
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": self._lifetime_s,
            "scope": "contacts.read cases.write",
        }
        return JSONResponse(grant, headers={"Cache-Control": "no-store"})

    async def end_all_tokens(self, _request: Request) -> Response:
        self._tokens.clear()
        return Response(status_code=204)

    async def me(self, request: Request) -> Response:
        return self.refusal(request) or JSONResponse({"client": ACCESS["crm"]["client_id"], "scopes": ["contacts.read"]})

    async def users(self, request: Request) -> Response:
        return self.refusal(request) or JSONResponse({"users": user_records()})

    async def contacts(self, request: Request) -> Response:
        if refusal := self.refusal(request):
            return refusal
        offset = _offset(request.query_params.get("cursor"))
        if offset is None:
            return problem(400, "BAD_CURSOR", "The cursor is not one of ours")
        found = self._found(request)
        limit = min(_whole_number(request.query_params.get("limit"), _PAGE_DEFAULT), _PAGE_CAP)
        rest = offset + limit < len(found)
        page = found[offset : offset + limit]
        return JSONResponse(
            {
                "contacts": [self._record(person, request) for person in page],
                "page": {"count": len(page), "next_cursor": _cursor(offset + limit) if rest else None},
            }
        )

    def _found(self, request: Request) -> list[Person]:
        wanted = request.query_params
        if phone := wanted.get("phone"):
            return list(self._world.callers(phone, "crm"))
        if email := wanted.get("email"):
            return [person for person in self._residents if person.email and person.email.lower() == email.lower()]
        if name := wanted.get("name"):
            return [person for person in self._residents if name.lower() in person.name.lower()]
        return self._residents

    async def contact(self, request: Request) -> Response:
        person = self._by_id.get(request.path_params["id"])
        missing = problem(404, "CONTACT_NOT_FOUND", "There is no such contact") if person is None else None
        if refusal := self.refusal(request) or missing:
            return refusal
        return JSONResponse(self._record(self._by_id[request.path_params["id"]], request))

    async def change(self, request: Request) -> Response:
        if refusal := self.refusal(request):
            return refusal
        person, given = self._by_id.get(request.path_params["id"]), await request.json()
        if person is None:
            return problem(404, "CONTACT_NOT_FOUND", "There is no such contact")
        if not isinstance(given, dict) or set(given) - {"segment", "labels"}:
            return problem(422, "BAD_FIELDS", "Only segment and labels can be set")
        self._changed.setdefault(contact_id(person.key), {}).update(given)
        return JSONResponse(self._record(person, request))

    def _record(self, person: Person, request: Request) -> dict[str, object]:
        record = contact_record(person, self._world, base_url=str(request.base_url))
        return {**record, **self._changed.get(contact_id(person.key), {})}

    def record(self, contact: str, request: Request) -> dict[str, object] | None:
        person = self._by_id.get(contact)
        return self._record(person, request) if person else None

    def person(self, contact: str) -> Person | None:
        return self._by_id.get(contact)

    def knows(self, contact: str) -> bool:
        return contact in self._by_id

    def refusal(self, request: Request) -> Response | None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and self._tokens.get(token, 0.0) > self._seconds():
            return None
        refusal = problem(401, "TOKEN_INVALID", "The access token is missing, unknown or expired")
        refusal.headers["WWW-Authenticate"] = 'Bearer realm="lotus", error="invalid_token"'
        return refusal


def _basic_client(request: Request) -> tuple[str, str] | None:
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, _, secret = base64.b64decode(credentials, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return name, secret


def _cursor(offset: int) -> str:
    return base64.urlsafe_b64encode(f"after:{offset}".encode()).decode()


def _offset(cursor: str | None) -> int | None:
    if not cursor:
        return 0
    try:
        word, _, number = base64.urlsafe_b64decode(cursor).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return int(number) if word == "after" and number.isdecimal() else None


def _whole_number(text: str | None, default: int) -> int:
    return int(text) if text and text.isdecimal() and int(text) > 0 else default
