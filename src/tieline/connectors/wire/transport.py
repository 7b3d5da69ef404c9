"""The one HTTP client. One per connection, its lines kept open; every call to a vendor passes here. See docs/adr/0017.

What it holds to: the whole exchange ends by its deadline; the answer is cut off at a byte limit, counted before and after
decompression; no redirect, proxy, cookie or environment variable is followed; certificates are verified; only checked addresses
are dialled; a request is repeated once at most, and only a read whose kept line turned out to be dead.
"""

import asyncio
import re
import ssl
import zlib
from collections import defaultdict, deque
from functools import cache, lru_cache
from typing import Final, Self
from urllib.parse import quote

from tieline.connectors.wire.dialling import Dialler
from tieline.connectors.wire.http_line import AnswerBroken, AnswerTooLarge, HttpLine, LineBroken
from tieline.connectors.wire.messages import Incoming, Outgoing
from tieline.connectors.wire.trust import everybodys_tls
from tieline.domain.errors import OutcomeUnknown, VendorBadAnswer, VendorMisconfigured, VendorTimeout, VendorUnavailable
from tieline.kit.deadline import Deadline
from tieline.security.egress import Egress, Target, parse_target

KEEP_ALIVE_S: Final = 20.0
STANDING_HEADERS: Final = {"user-agent": "tieline", "accept-encoding": "gzip, deflate"}
_URL: Final = re.compile(r"(https?://[^/?#]*)([^#]*)", re.IGNORECASE)
_USUAL_PORTS: Final = {"http": 80, "https": 443}
_STANDS_IN_A_TARGET: Final = "".join(map(chr, range(0x21, 0x7F)))


class HttpWire:
    """A long-lived client for one connection. At most `connections` idle lines are kept; the throttle decides how many work."""

    def __init__(self, egress: Egress, *, connections: int, response_bytes: int, tls: ssl.SSLContext | None = None) -> None:
        self.tls = tls or trusted_tls()
        self._connections = connections
        self._response_bytes = response_bytes
        self._dialler = Dialler(egress, tls=self.tls)
        self._kept: defaultdict[Target, deque[HttpLine]] = defaultdict(deque)
        self._busy: set[HttpLine] = set()

    async def send(self, outgoing: Outgoing, *, deadline: Deadline) -> Incoming:
        """Send, and read the whole answer.

        Raises: VendorTimeout, VendorUnavailable, VendorBadAnswer: nothing (usable) came back. EgressForbidden. OutcomeUnknown:
        a write may have arrived, but no answer did.
        """
        target, request = written(outgoing)
        try:
            return unfolded(await self._ask(target, request, deadline, again=outgoing.read), at_most=self._response_bytes)
        except TimeoutError as exc:
            raise _unanswered(outgoing, VendorTimeout("no whole answer within the time allowed")) from exc
        except LineBroken as exc:
            raise _unanswered(outgoing, VendorUnavailable("the connection broke before an answer came")) from exc
        except (AnswerBroken, zlib.error) as exc:
            raise _unanswered(outgoing, VendorBadAnswer("the answer is broken", code="upstream_truncated")) from exc
        except AnswerTooLarge as exc:
            too_large = VendorBadAnswer("the answer is larger than this connection takes", code="upstream_too_large")
            raise _unanswered(outgoing, too_large) from exc

    async def aclose(self) -> None:
        """Close every connection; calls under way end as broken."""
        for line in (*self._busy, *(line for kept in self._kept.values() for line in kept)):
            line.hang_up()
        self._kept.clear()
        await self._dialler.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def _ask(self, target: Target, request: bytes, deadline: Deadline, *, again: bool) -> Incoming:
        """Use a kept line if there is one. If it was dead, `again` allows a second try on one that is certainly fresh."""
        kept = self._take(target)
        if kept is not None:
            try:
                return await self._on(kept, target, request, deadline)
            except LineBroken:
                if not again:
                    raise
        async with asyncio.timeout_at(deadline.at_s):
            fresh = await self._dialler.dial(target, most_bytes=self._response_bytes)
        return await self._on(fresh, target, request, deadline)

    async def _on(self, line: HttpLine, target: Target, request: bytes, deadline: Deadline) -> Incoming:
        self._busy.add(line)
        try:
            return await line.exchange(request, until_s=deadline.at_s)
        finally:
            self._busy.discard(line)
            self._keep(line, target)

    def _take(self, target: Target) -> HttpLine | None:
        """Return the line used last, closing those that lay unused too long."""
        kept = self._kept[target]
        oldest_s = asyncio.get_running_loop().time() - KEEP_ALIVE_S
        while kept and (not kept[0].ready or kept[0].idle_since < oldest_s):
            kept.popleft().hang_up()
        while kept:
            line = kept.pop()
            if line.ready:
                return line
        return None

    def _keep(self, line: HttpLine, target: Target) -> None:
        kept = self._kept[target]
        if line.ready and len(kept) < self._connections:
            kept.append(line)
        else:
            line.hang_up()


def written(outgoing: Outgoing) -> tuple[Target, bytes]:
    """Return where a request goes and its bytes. Raises: VendorMisconfigured: something in it can be no part of a request."""
    found = _URL.fullmatch(outgoing.url.partition("#")[0])
    if found is None:
        raise VendorMisconfigured("the address to call is not a URL")
    origin, path = found.groups()
    target, host = _origin(origin)
    if not path.startswith("/"):
        path = f"/{path}"
    if not path.isascii() or not path.isprintable() or " " in path:
        path = quote(path, safe=_STANDS_IN_A_TARGET)
    headers = {"host": host, **STANDING_HEADERS, **outgoing.headers}
    if outgoing.body is not None or outgoing.method != "GET":
        headers["content-length"] = str(len(outgoing.body or b""))
    head = [f"{outgoing.method} {path} HTTP/1.1", *[f"{name}: {value}" for name, value in headers.items()]]
    plain = "".join(head)
    if not (plain.isascii() and plain.isprintable()):
        raise VendorMisconfigured("a header would hold a character that no header may hold", code="header_forbidden")
    return target, "\r\n".join((*head, "", "")).encode("ascii") + (outgoing.body or b"")


@lru_cache(maxsize=1024)
def _origin(text: str) -> tuple[Target, str]:
    """Return the target of `https://host:port` and how the host header names it."""
    target = parse_target(text)
    host = f"[{target.host}]" if ":" in target.host else target.host
    return target, host if target.port == _USUAL_PORTS[target.scheme] else f"{host}:{target.port}"


def unfolded(incoming: Incoming, *, at_most: int) -> Incoming:
    """Return the answer with its body decompressed. Raises: zlib.error, AnswerBroken. AnswerTooLarge: it unfolds to more."""
    encoding = incoming.headers.get("content-encoding", "identity").strip().lower()
    if encoding in {"identity", ""} or not incoming.body:
        return incoming
    if encoding not in {"gzip", "x-gzip", "deflate"}:
        raise AnswerBroken
    unfold = zlib.decompressobj(zlib.MAX_WBITS | 32)
    body = unfold.decompress(incoming.body, at_most + 1)
    if len(body) > at_most:
        raise AnswerTooLarge
    if not unfold.eof:
        raise AnswerBroken
    return Incoming(incoming.status, incoming.headers, body)


def _unanswered(outgoing: Outgoing, error: Exception) -> Exception:
    """A read simply failed; a write may have happened."""
    if outgoing.read or outgoing.keyed:
        return error
    return OutcomeUnknown("the request was sent, but its answer did not arrive")


@cache
def trusted_tls() -> ssl.SSLContext:
    """One context for all: loading the certificates takes tens of milliseconds, so it happens when a connection is made."""
    return everybodys_tls()
