"""What surrounds every request: an id, the standing headers, one log line, the counts."""

import re
import secrets
from functools import cache
from typing import Any, Final

import structlog
from prometheus_client import Counter, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tieline.api.security_headers import StandingHeaders
from tieline.kit.clock import monotonic_s
from tieline.observability.metrics import REQUEST_SECONDS, REQUESTS, SECURITY_EVENTS

log = structlog.get_logger()

_TRACEPARENT: Final = re.compile(rb"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
"""W3C Trace Context, 3.2 (https://www.w3.org/TR/trace-context/, read 2026-11-22)."""

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
"""Any other word is somebody's invention, and inventions are no labels."""

_SECURITY_STATUSES: Final = {401: "not_signed_in", 403: "not_allowed", 421: "host_refused"}
_SECURITY_CODES: Final = {"key_in_url": "key_in_url", "cross_site": "cross_site"}


class Envelope:
    """The outermost layer; pure ASGI. Nothing it writes holds the path, the query or a header of the request."""

    def __init__(self, app: ASGIApp, *, headers: StandingHeaders) -> None:
        self._app = app
        self._headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and note what became of it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = secrets.token_hex(16)
        scope["tieline.request_id"] = request_id
        scope["tieline.trace_id"] = _trace_id(scope) or request_id
        structlog.contextvars.bind_contextvars(request_id=request_id)
        started_s = monotonic_s()
        id_header = (b"x-request-id", request_id.encode())

        async def send_completed(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = self._headers.complete(message.get("headers", ()), id_header)
                _note(scope, message["status"], took_s=monotonic_s() - started_s)
            await send(message)

        await self._app(scope, receive, send_completed)


@cache
def _requests(route: str, method: str, status: int) -> Counter:
    return REQUESTS.labels(route, method, str(status))


@cache
def _seconds(route: str) -> Histogram:
    return REQUEST_SECONDS.labels(route)


def _trace_id(scope: Scope) -> str | None:
    for name, value in scope["headers"]:
        if name == b"traceparent":
            found = _TRACEPARENT.fullmatch(value)
            return found[1].decode() if found else None
    return None


def _note(scope: Scope, status: int, *, took_s: float) -> None:
    route = route_of(scope)
    code = scope.get("tieline.problem_code")
    method = scope["method"] if scope["method"] in _METHODS else "other"
    _requests(route, method, status).inc()
    _seconds(route).observe(took_s)
    event = _SECURITY_CODES.get(code or "") or _SECURITY_STATUSES.get(status)
    if event:
        SECURITY_EVENTS.labels(event).inc()
    facts: dict[str, Any] = {"method": method, "route": route, "status": status, "took_ms": round(took_s * 1000, 1)}
    caller = scope.get("tieline.caller")
    if caller is not None:
        facts["actor"] = caller.actor
    if code is not None:
        facts["code"] = code
    log.info("request.answered", **facts)


def route_of(scope: Scope) -> str:
    """Return the template of the route that answered (`/v1/calls/{call_id}`), never the path asked for."""
    route = scope.get("route")
    return str(getattr(route, "path_format", None) or getattr(route, "path", None) or "none")
