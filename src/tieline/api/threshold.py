"""What is turned away at the door, before any route is looked for: too long, too many, misaddressed, ambiguous, cross-site.

Behaviour: bad-input rows B26, B27, B29, B32, B68, B82.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tieline.api.problems import Fault, refusal, render
from tieline.domain.errors import Overloaded
from tieline.observability.metrics import REQUESTS_IN_WORK

LONGEST_HEADERS_BYTES: Final = 12 * 1024
MOST_HEADERS: Final = 100
LONGEST_TARGET_BYTES: Final = 4 * 1024
MOST_AT_ONCE: Final = 256
"""Requests not yet answered, per process. Beyond it a caller waits longer for us than for a second try."""

_READING: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_ONCE_ONLY: Final = (b"host", b"content-length", b"content-type", b"authorization")
_SAME_SITE: Final = frozenset({b"same-origin", b"none"})


@dataclass(frozen=True, slots=True)
class Addresses:
    """Names we answer to. `hosts` None: any. `origins` are ours as browsers write them, besides the Host itself."""

    hosts: frozenset[str] | None = None
    origins: frozenset[str] = frozenset()


class Threshold:
    """Turns requests away, or counts them while they are worked on; pure ASGI."""

    def __init__(self, app: ASGIApp, *, addresses: Addresses, most_at_once: int = MOST_AT_ONCE) -> None:
        self._app = app
        self._addresses = addresses
        self._most_at_once = most_at_once
        self._in_work = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in or answer it with a problem."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        fault = self._fault_of(scope)
        if fault is not None:
            await render(scope, fault)(scope, receive, send)
            return
        await self._let_in(scope, receive, send)

    async def _let_in(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count a request as in work until its answer begins; an open event stream is no work."""
        answered = False

        def note_answer() -> None:
            nonlocal answered
            if not answered:
                answered = True
                self._in_work -= 1
                REQUESTS_IN_WORK.dec()

        async def send_counted(message: Message) -> None:
            note_answer()
            await send(message)

        self._in_work += 1
        REQUESTS_IN_WORK.inc()
        try:
            await self._app(scope, receive, send_counted)
        finally:
            note_answer()

    def _fault_of(self, scope: Scope) -> Fault | None:
        return _fault_of_form(scope) or self._fault_of_sender(scope) or self._fault_of_load()

    def _fault_of_sender(self, scope: Scope) -> Fault | None:
        headers = dict(scope["headers"])
        if not self._is_our_host(headers.get(b"host", b"")):
            return Fault(421, "host_invalid", title="This host is not served here")
        if self._is_cross_site(scope["method"], headers):
            return Fault(403, "cross_site", title="Another site may not ask this of us")
        return None

    def _fault_of_load(self) -> Fault | None:
        return refusal(Overloaded()) if self._in_work >= self._most_at_once else None

    def _is_our_host(self, host: bytes) -> bool:
        name = _host_name(host)
        return name is not None and (self._addresses.hosts is None or name in self._addresses.hosts)

    def _is_cross_site(self, method: str, headers: Mapping[bytes, bytes]) -> bool:
        """Say whether a page of somebody else's makes a browser send this. Programs send neither header.

        What the browser says of the site counts before the origin: under our referrer policy its forms send `Origin: null`
        (Fetch standard, "append a request Origin header", read 2026-11-22).
        """
        if method in _READING:
            return False
        site = headers.get(b"sec-fetch-site")
        if site is not None:
            return site not in _SAME_SITE
        origin = headers.get(b"origin")
        host = _text(headers.get(b"host", b""))
        return origin is not None and _text(origin) not in {f"http://{host}", f"https://{host}", *self._addresses.origins}


def _fault_of_form(scope: Scope) -> Fault | None:
    headers = scope["headers"]
    if len(headers) > MOST_HEADERS or sum(len(name) + len(value) for name, value in headers) > LONGEST_HEADERS_BYTES:
        return Fault(431, "headers_too_large")
    if len(scope.get("raw_path") or b"") + len(scope["query_string"]) > LONGEST_TARGET_BYTES:
        return Fault(414, "uri_too_long")
    if _is_ambiguous([name for name, _ in headers]):
        return Fault(400, "request_malformed", headers={"Connection": "close"})
    return None if scope["path"].isprintable() else Fault(404, "not_found")


def _is_ambiguous(names: list[bytes]) -> bool:
    """Say whether it is open where the request ends, for whom it is, or from whom."""
    if b"content-length" in names and b"transfer-encoding" in names:
        return True
    return len(set(names)) != len(names) and any(names.count(name) > 1 for name in _ONCE_ONLY)


@lru_cache(maxsize=256)
def _host_name(host: bytes) -> str | None:
    """Return the name in a Host header, lower-case, without its port; None: it is not a host and an optional port."""
    try:
        parts = urlsplit(f"//{_text(host)}")
        port = parts.port
    except ValueError:
        return None
    return parts.hostname if port != 0 and not (parts.path or parts.query or parts.fragment or "@" in parts.netloc) else None


def _text(value: bytes) -> str:
    return value.decode("latin-1")
