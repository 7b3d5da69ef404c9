"""Willow Helpdesk: XML over HTTP, basic authentication, states as numbers, paging by offset, error documents in XML.

It takes forms and answers XML. A new ticket or note needs an `Idempotency-Key`: the same key with the same form gives the same
ticket again, the same key with another form is refused.
"""

import base64
import binascii
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final
from urllib.parse import urlencode

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tieline.sandbox.access import ACCESS
from tieline.sandbox.forms import form_fields
from tieline.sandbox.hooks import Hooks, willow_signature
from tieline.sandbox.population import Note, Person, Ticket
from tieline.sandbox.willow_calls import WillowCalls
from tieline.sandbox.willow_records import (
    STATE_BY_NUMBER,
    error_xml,
    note_xml,
    notes_xml,
    requester_id,
    requesters_xml,
    session_xml,
    ticket_xml,
    tickets_xml,
)
from tieline.sandbox.world import World

_PAGE_CAP: Final = 50
_PRIORITIES: Final = frozenset("1234")


class _Refusal(Exception):
    """What the helpdesk says instead of doing it."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


class WillowFaults:
    """How Willow says that it failed or is asked too often."""

    def failed(self) -> Response:
        """Return an XML error with status 500."""
        return _failure(500, "internal", "The helpdesk stumbled")

    def throttled(self, wait_s: int) -> Response:
        """Return an XML error with status 429 and Retry-After in seconds."""
        refusal = _failure(429, "slow_down", "Too many requests")
        refusal.headers["Retry-After"] = str(wait_s)
        return refusal


def willow_helpdesk(world: World, *, now: Callable[[], datetime]) -> Starlette:
    """Return the helpdesk as an ASGI application."""
    desk = _Willow(world, now)
    return Starlette(
        routes=[
            Route("/api/session.xml", desk.session),
            Route("/api/requesters.xml", desk.requesters),
            Route("/api/tickets.xml", desk.tickets, methods=["GET"]),
            Route("/api/tickets.xml", desk.create, methods=["POST"]),
            Route("/api/tickets/{number:int}.xml", desk.ticket, methods=["GET"]),
            Route("/api/tickets/{number:int}.xml", desk.change, methods=["PUT"]),
            Route("/api/tickets/{number:int}/notes.xml", desk.notes, methods=["GET"]),
            Route("/api/tickets/{number:int}/notes.xml", desk.annotate, methods=["POST"]),
            Route("/api/calls.xml", desk.log_call, methods=["POST"]),
            Route("/api/calls/{key}.xml", desk.call, methods=["GET"]),
            Route("/api/calls/{key}.xml", desk.change_call, methods=["PUT"]),
            Route("/api/hooks.xml", desk.subscribe, methods=["POST"]),
        ],
        exception_handlers={
            _Refusal: _refused,
            404: lambda _request, _error: _failure(404, "no_route", "There is nothing here"),
            405: lambda _request, _error: _failure(405, "wrong_method", "Not with this method"),
        },
    )


class _Willow:
    def __init__(self, world: World, now: Callable[[], datetime]) -> None:
        self._world = world
        self._now = now
        self._by_id = {requester_id(person.key): person for person in world.residents("helpdesk")}
        self._keys: dict[str, tuple[Mapping[str, str], int]] = {}
        self._notes: dict[str, int] = {}
        self._calls = WillowCalls()
        self._hooks = Hooks(
            ACCESS["helpdesk"]["hook_secret"],
            willow_signature,
            content_type="application/x-www-form-urlencoded",
            seconds=lambda: now().timestamp(),
        )

    async def session(self, request: Request) -> Response:
        _check_password(request)
        return _xml(session_xml(ACCESS["helpdesk"]["username"]))

    async def requesters(self, request: Request) -> Response:
        _check_password(request)
        return _xml(requesters_xml(self._world.callers(_required(request.query_params, "phone"), "helpdesk")))

    async def tickets(self, request: Request) -> Response:
        _check_password(request)
        found = [ticket for person in self._asked_for(request) for ticket in self._world.tickets_of(person.key)]
        offset = _whole(request.query_params.get("offset"), 0)
        limit = min(_whole(request.query_params.get("limit"), 20), _PAGE_CAP)
        page = [(ticket, self._world.people[ticket.person]) for ticket in found[offset : offset + limit]]
        return _xml(tickets_xml(page, offset=offset, total=len(found), base_url=str(request.base_url)))

    def _asked_for(self, request: Request) -> list[Person]:
        if requester := request.query_params.get("requester"):
            person = self._by_id.get(requester)
            return [] if person is None else [person]
        return list(self._world.callers(_required(request.query_params, "phone"), "helpdesk"))

    async def ticket(self, request: Request) -> Response:
        _check_password(request)
        return self._shown(self._ticket(request), request)

    async def create(self, request: Request) -> Response:
        _check_password(request)
        form = await form_fields(request)
        if (earlier := self._earlier(request, form)) is not None:
            return self._shown(earlier, request, repeated=True)
        person = self._by_id.get(_required(form, "requester"))
        if person is None:
            raise _Refusal(422, "unknown_requester", "There is no such requester")
        now = self._now()
        ticket = Ticket(
            number=self._world.next_ticket_number(),
            person=person.key,
            subject=_required(form, "subject"),
            body=form.get("body", ""),
            state="new",
            priority=_priority(form.get("prio", "3")),
            topic=form.get("topic", ""),
            opened_at=now,
            changed_at=now,
            assignee=form.get("agent") or None,
            notes=[],
        )
        self._world.add_ticket(ticket)
        self._keys[request.headers["idempotency-key"]] = (form, ticket.number)
        self._tell("opened", ticket)
        return self._shown(ticket, request, status=201)

    async def change(self, request: Request) -> Response:
        _check_password(request)
        ticket, form = self._ticket(request), await form_fields(request)
        if "version" in form and form["version"] != str(ticket.version):
            raise _Refusal(409, "stale_version", "Somebody changed the ticket in the meantime")
        if "state" in form:
            if form["state"] not in STATE_BY_NUMBER:
                raise _Refusal(422, "bad_state", "There is no such state")
            ticket.state = STATE_BY_NUMBER[form["state"]]
        if "prio" in form:
            ticket.priority = _priority(form["prio"])
        ticket.subject, ticket.assignee = form.get("subject", ticket.subject), form.get("agent", ticket.assignee) or None
        ticket.topic = form.get("topic", ticket.topic)
        self._touch(ticket, "changed")
        return self._shown(ticket, request)

    async def annotate(self, request: Request) -> Response:
        _check_password(request)
        ticket, form = self._ticket(request), await form_fields(request)
        key = request.headers.get("idempotency-key", "")
        if self._earlier(request, form) is not None:
            again = _xml(note_xml(ticket, self._notes[key]))
            again.headers["Idempotent-Replay"] = "true"
            return again
        ticket.notes.append(Note(form.get("author", ""), _required(form, "text"), self._now()))
        self._touch(ticket, "noted")
        self._keys[key], self._notes[key] = (form, ticket.number), len(ticket.notes)
        return _xml(note_xml(ticket, len(ticket.notes)), 201)

    async def notes(self, request: Request) -> Response:
        _check_password(request)
        return _xml(notes_xml(self._ticket(request)))

    async def log_call(self, request: Request) -> Response:
        _check_password(request)
        key = request.headers.get("idempotency-key")
        if not key:
            raise _Refusal(400, "key_missing", "Send an Idempotency-Key")
        return _xml(self._calls.log(key, await form_fields(request)), 201)

    async def call(self, request: Request) -> Response:
        _check_password(request)
        return _xml(self._calls.read(request.path_params["key"]) or error_xml("not_found", "There is no such call"))

    async def change_call(self, request: Request) -> Response:
        _check_password(request)
        changed = self._calls.change(request.path_params["key"], await form_fields(request))
        if changed is None:
            raise _Refusal(404, "not_found", "There is no such call")
        return _xml(changed)

    async def subscribe(self, request: Request) -> Response:
        _check_password(request)
        self._hooks.subscribe(_required(await form_fields(request), "url"))
        return _xml(session_xml("subscribed"), 201)

    def _touch(self, ticket: Ticket, event: str) -> None:
        ticket.version, ticket.changed_at = ticket.version + 1, self._now()
        self._tell(event, ticket)

    def _tell(self, event: str, ticket: Ticket) -> None:
        told = {"event": event, "ticket": ticket.number, "version": ticket.version, "at": int(ticket.changed_at.timestamp())}
        self._hooks.tell(urlencode(told).encode())

    def _earlier(self, request: Request, form: Mapping[str, str]) -> Ticket | None:
        """Return what the same key made before. Raises: _Refusal: no key, or the key of another form."""
        key = request.headers.get("idempotency-key")
        if not key:
            raise _Refusal(400, "key_missing", "Send an Idempotency-Key")
        if key not in self._keys:
            return None
        earlier_form, number = self._keys[key]
        if earlier_form != form:
            raise _Refusal(409, "key_reused", "This Idempotency-Key belongs to another form")
        return self._world.tickets[number]

    def _ticket(self, request: Request) -> Ticket:
        ticket = self._world.tickets.get(request.path_params["number"])
        if ticket is None:
            raise _Refusal(404, "not_found", "There is no such ticket")
        return ticket

    def _shown(self, ticket: Ticket, request: Request, *, status: int = 200, repeated: bool = False) -> Response:
        answer = _xml(ticket_xml(ticket, self._world.people[ticket.person], base_url=str(request.base_url)), status)
        if repeated:
            answer.headers["Idempotent-Replay"] = "true"
        return answer


def _check_password(request: Request) -> None:
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    try:
        pair = base64.b64decode(credentials, validate=True).decode() if scheme.lower() == "basic" else ""
    except (binascii.Error, UnicodeDecodeError):
        pair = ""
    if pair != f"{ACCESS['helpdesk']['username']}:{ACCESS['helpdesk']['password']}":
        raise _Refusal(401, "unauthorized", "User name or password is wrong")


def _required(fields: Mapping[str, str], name: str) -> str:
    value = fields.get(name, "").strip()
    if not value:
        raise _Refusal(400, "missing_field", f"The field {name} is missing")
    return value


def _priority(text: str) -> int:
    if text not in _PRIORITIES:
        raise _Refusal(422, "bad_prio", "A priority is 1 to 4")
    return int(text)


def _whole(text: str | None, default: int) -> int:
    return int(text) if text and text.isdecimal() else default


def _xml(document: bytes, status: int = 200) -> Response:
    return Response(document, status, media_type="application/xml; charset=utf-8")


def _failure(status: int, code: str, message: str) -> Response:
    return _xml(error_xml(code, message), status)


async def _refused(_request: Request, refusal: Exception) -> Response:
    if not isinstance(refusal, _Refusal):
        raise refusal
    answer = _failure(refusal.status, refusal.code, refusal.message)
    if refusal.status == 401:  # noqa: PLR2004 - the one status that must name the scheme (RFC 9110, 15.5.2)
        answer.headers["WWW-Authenticate"] = 'Basic realm="Willow", charset="UTF-8"'
    return answer
