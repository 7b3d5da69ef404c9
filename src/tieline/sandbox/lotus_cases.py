"""The cases of Lotus CRM: it takes no idempotency key, but whoever made a case finds it by the `correlation` written into it.

A change may name the revision it was made for in `X-Lotus-Revision`; an older one is refused. Calls are kept under the caller's
own key.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tieline.sandbox.hooks import Hooks
from tieline.sandbox.lotus_problems import problem

STAGES: Final = ("NEW", "ASSIGNED", "WORKING", "AWAITING_CUSTOMER", "RESOLVED", "CLOSED", "REOPENED", "VOID")
GRADES: Final = ("P1", "P2", "P3", "P4")
_TEXTS: Final = ("title", "detail", "stage", "grade", "reason", "owner_id", "order_no")
_PAGE_CAP: Final = 50
_SETTABLE: Final = frozenset({*_TEXTS, "labels"})


@dataclass(slots=True)
class Case:
    """One case. `fields` are as the CRM shows them; `revision` grows with every change."""

    id: str
    contact_id: str | None
    fields: dict[str, Any]
    correlation: str | None
    created_at: datetime
    changed_at: datetime
    revision: int = 1
    comments: list[dict[str, Any]] = field(default_factory=list)


Refusal = Callable[[Request], Response | None]


class LotusCases:
    """Cases, their comments, and calls. `refusal` says whether a caller is let in."""

    def __init__(self, refusal: Refusal, knows: Callable[[str], bool], now: Callable[[], datetime], hooks: Hooks) -> None:
        self._refusal, self._knows, self._now, self._hooks = refusal, knows, now, hooks
        self._cases: dict[str, Case] = {}
        self._calls: dict[str, dict[str, Any]] = {}

    def routes(self) -> list[Route]:
        """Return where they are found."""
        return [
            Route("/v2/cases", self.list, methods=["GET"]),
            Route("/v2/cases", self.create, methods=["POST"]),
            Route("/v2/cases/{id}", self.read, methods=["GET"]),
            Route("/v2/cases/{id}", self.change, methods=["PATCH"]),
            Route("/v2/cases/{id}/comments", self.comments, methods=["GET"]),
            Route("/v2/cases/{id}/comments", self.comment, methods=["POST"]),
            Route("/v2/calls/{key}", self.call, methods=["GET"]),
            Route("/v2/calls/{key}", self.log_call, methods=["PUT"]),
            Route("/v2/hooks", self.subscribe, methods=["POST"]),
        ]

    def of_contact(self, contact: str) -> Sequence[Case]:
        """Return a contact's cases, the last changed first."""
        found = [case for case in self._cases.values() if case.contact_id == contact]
        return sorted(found, key=lambda case: case.changed_at, reverse=True)

    def contact_of(self, case_id: str) -> str | None:
        """Return whom a case is about; None: there is no such case, or nobody knows."""
        case = self._cases.get(case_id)
        return case.contact_id if case else None

    async def list(self, request: Request) -> Response:
        """Return the cases with a correlation, or of a contact."""
        if refusal := self._refusal(request):
            return refusal
        wanted = request.query_params
        found = list(self._cases.values())
        for name in ("correlation", "contact_id"):
            if name in wanted:
                found = [case for case in found if getattr(case, name) == wanted[name]]
        records = [_record(case, request) for case in found[:_PAGE_CAP]]
        return JSONResponse({"cases": records, "page": {"count": len(records), "next_cursor": None}})

    async def create(self, request: Request) -> Response:
        """Make a case, every time it is asked."""
        given = await _object(request)
        if refusal := self._refusal(request) or _wrong(given, new=True):
            return refusal
        contact = given.get("contact_id")
        if contact is not None and not self._knows(contact):
            return problem(422, "CONTACT_UNKNOWN", "There is no such contact")
        now = self._now()
        usual: dict[str, Any] = {
            "detail": None,
            "stage": "NEW",
            "grade": "P3",
            "reason": None,
            "owner_id": None,
            "order_no": None,
            "labels": [],
        }
        fields = {**usual, **{name: value for name, value in given.items() if name in _SETTABLE}}
        case = Case(f"LK-{len(self._cases) + 1:06d}", contact, fields, given.get("correlation"), now, now)
        self._cases[case.id] = case
        self._tell("case.created", case)
        return JSONResponse(_record(case, request), 201)

    async def read(self, request: Request) -> Response:
        """Return one case."""
        case = self._cases.get(request.path_params["id"])
        if refusal := self._refusal(request):
            return refusal
        return _gone() if case is None else JSONResponse(_record(case, request))

    async def change(self, request: Request) -> Response:
        """Set the fields given."""
        case, given = self._cases.get(request.path_params["id"]), await _object(request)
        if refusal := self._refusal(request) or _wrong(given, new=False):
            return refusal
        if case is None:
            return _gone()
        if request.headers.get("x-lotus-revision", str(case.revision)) != str(case.revision):
            return problem(412, "STALE_REVISION", "Somebody changed the case in the meantime")
        case.fields |= {name: value for name, value in given.items() if name in _SETTABLE}
        self._touch(case, "case.changed")
        return JSONResponse(_record(case, request))

    async def comments(self, request: Request) -> Response:
        """Return what was written into a case."""
        case = self._cases.get(request.path_params["id"])
        if refusal := self._refusal(request):
            return refusal
        return _gone() if case is None else JSONResponse({"comments": case.comments})

    async def comment(self, request: Request) -> Response:
        """Write into a case, every time it is asked."""
        case, given = self._cases.get(request.path_params["id"]), await _object(request)
        if refusal := self._refusal(request):
            return refusal
        if case is None:
            return _gone()
        if not given.get("text"):
            return problem(400, "TEXT_MISSING", "A comment needs a text")
        comment = {
            "id": f"{case.id}-{len(case.comments) + 1}",
            "text": given["text"],
            "author": given.get("author"),
            "visible_to_customer": bool(given.get("visible_to_customer")),
            "correlation": given.get("correlation"),
            "written_at": _instant(self._now()),
        }
        case.comments.append(comment)
        self._touch(case, "case.commented")
        return JSONResponse(comment, 201)

    async def call(self, request: Request) -> Response:
        """Return a call."""
        if refusal := self._refusal(request):
            return refusal
        kept = self._calls.get(request.path_params["key"])
        return problem(404, "CALL_NOT_FOUND", "There is no such call") if kept is None else JSONResponse(kept)

    async def log_call(self, request: Request) -> Response:
        """Keep a call under the caller's own key; what is given again replaces what was there."""
        given = await _object(request)
        if refusal := self._refusal(request):
            return refusal
        key = request.path_params["key"]
        is_new = key not in self._calls
        self._calls[key] = {**self._calls.get(key, {}), **given, "key": key}
        return JSONResponse(self._calls[key], 201 if is_new else 200)

    async def subscribe(self, request: Request) -> Response:
        """Tell an address of every change from now on."""
        given = await _object(request)
        if refusal := self._refusal(request):
            return refusal
        url = str(given.get("url") or "")
        if not url.startswith(("http://", "https://")):
            return problem(400, "URL_INVALID", "A hook needs an address")
        self._hooks.subscribe(url)
        return JSONResponse({"id": "hook-1", "url": url}, 201)

    def _touch(self, case: Case, event: str) -> None:
        case.revision, case.changed_at = case.revision + 1, self._now()
        self._tell(event, case)

    def _tell(self, event: str, case: Case) -> None:
        told = {"event": event, "delivery": f"{case.id}-{case.revision}-{event}", "case_id": case.id, "revision": case.revision}
        self._hooks.tell(json.dumps({**told, "correlation": case.correlation, "at": _instant(case.changed_at)}).encode())


def _record(case: Case, request: Request) -> dict[str, Any]:
    return {
        "id": case.id,
        "contact_id": case.contact_id,
        **case.fields,
        "correlation": case.correlation,
        "revision": case.revision,
        "created_at": _instant(case.created_at),
        "changed_at": _instant(case.changed_at),
        "_links": {"web": f"{request.base_url}app/cases/{case.id}"},
    }


def _wrong(given: Mapping[str, Any], *, new: bool) -> Response | None:
    """Return what is wrong with the fields of a case; None: nothing."""
    if new and not given.get("title"):
        return problem(400, "TITLE_MISSING", "A case needs a title")
    if given.get("stage", "NEW") not in STAGES or given.get("grade", "P3") not in GRADES:
        return problem(422, "WORD_UNKNOWN", "There is no such stage or grade")
    texts = (given[name] for name in _TEXTS if given.get(name) is not None)
    if not all(isinstance(text, str) for text in texts) or not isinstance(given.get("labels", []), list):
        return problem(422, "TYPE_WRONG", "A field holds something else")
    return None


def _gone() -> Response:
    return problem(404, "CASE_NOT_FOUND", "There is no such case")


async def _object(request: Request) -> dict[str, Any]:
    try:
        given = json.loads(await request.body() or b"{}")
    except ValueError:
        return {}
    return given if isinstance(given, dict) else {}


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
