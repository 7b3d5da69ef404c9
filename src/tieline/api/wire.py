"""HTTP/1.1 as it comes off the wire: a head that trickles or never ends, and a message that ends early, are cut off here.

uvicorn waits for a request's head for ever, keeps as much of it as is sent, and answers a broken one in plain text. A front proxy
does all this too, but what people run first has none. Whoever is answered before they have sent everything is read on for a while
and what comes is thrown away: hung up on, they would see a reset instead of the answer (RFC 9112, section 9.6). Ambiguous framing
(two lengths, bare line feeds, folded headers) is refused by uvicorn's parser itself, which a test holds.

Behaviour: bad-input rows B24 to B26, B28, B29.
"""

import asyncio
import secrets
from collections.abc import Mapping
from typing import Any, Final

import structlog
from starlette.responses import Response
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from tieline.api.problems import Fault, render
from tieline.api.security_headers import StandingHeaders

log = structlog.get_logger()

SLOWEST_HEAD_S: Final = 5.0
LARGEST_HEAD_BYTES: Final = 64 * 1024
LARGEST_REST_BYTES: Final = 64 * 1024 * 1024
SLOWEST_REST_S: Final = 30.0
"""How much is thrown away of what still comes after an answer, and for how long."""
LONGEST_IDLE_S: Final = 75
"""Longer than nginx keeps idle connections to us (60 s, ngx_http_upstream_module, read 2026-11-22), so that it lets go first."""

_HEADERS: Final = StandingHeaders(tls=False)


class GuardedProtocol(HttpToolsProtocol):
    """uvicorn's protocol, with limits on a request's head and on what comes after the answer, and with problem documents."""

    _head_bytes = 0
    _in_head = True
    _head_timer: asyncio.TimerHandle | None = None
    _rest_bytes = 0
    _rest_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn declares it
        """Start the clock: who connects and says nothing is let go as well."""
        super().connection_made(transport)
        self._start_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clocks."""
        self._end_head()
        self._end_rest()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count what belongs to a head, and what comes after the answer; an endless one ends here."""
        if self._in_head:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._in_head and self._head_bytes > LARGEST_HEAD_BYTES:
            self._refuse(Fault(431, "headers_too_large"))
        elif not self._in_head and self.cycle is not None and self.cycle.response_complete:
            self._throw_away(len(data))

    def eof_received(self) -> None:
        """Tell who announced more than they sent that the rest is missing."""
        if self.cycle is not None and self.cycle.more_body and not self.cycle.response_started:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
            self._refuse(Fault(400, "request_malformed"))
        super().eof_received()

    def on_message_begin(self) -> None:
        """Begin a head."""
        super().on_message_begin()
        self._end_rest()
        if not self._in_head:
            self._start_head()

    def on_headers_complete(self) -> None:
        """End a head; what follows is the body, whose size and time the application guards."""
        self._end_head()
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """Answer what the parser refused. Its message quotes nothing, but says more than a stranger needs."""
        del msg
        self._refuse(Fault(400, "request_malformed"))

    def _start_head(self) -> None:
        self._in_head, self._head_bytes = True, 0
        self._head_timer = self.loop.call_later(SLOWEST_HEAD_S, self._head_took_too_long)

    def _end_head(self) -> None:
        self._in_head = False
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _head_took_too_long(self) -> None:
        if self._head_bytes:
            self._refuse(Fault(408, "request_timeout"))
        else:
            self.transport.close()

    def _throw_away(self, count: int) -> None:
        self._rest_bytes += count
        if self._rest_bytes > LARGEST_REST_BYTES:
            self.transport.close()
        elif self._rest_timer is None:
            self._rest_timer = self.loop.call_later(SLOWEST_REST_S, self.transport.close)

    def _end_rest(self) -> None:
        self._rest_bytes = 0
        if self._rest_timer is not None:
            self._rest_timer.cancel()
            self._rest_timer = None

    def _refuse(self, fault: Fault) -> None:
        """Answer and hang up, unless an answer is already on its way."""
        if self.transport.is_closing():
            return
        if self.cycle is None or not self.cycle.response_started or self.cycle.response_complete:
            scope = {"tieline.request_id": secrets.token_hex(16)}
            self.transport.write(_written(render(scope, fault)))
            log.info("request.refused", request_id=scope["tieline.request_id"], status=fault.status, code=fault.code)
        self.transport.close()


def server_options() -> Mapping[str, Any]:
    """Return how uvicorn is to be run; address, port, number of processes and patience at the end are the caller's to add.

    Headers a proxy may set are not believed: nothing here depends on them, and without a proxy they are anybody's.
    """
    return {
        "http": GuardedProtocol,
        "ws": "none",
        "access_log": False,
        "log_config": None,
        "proxy_headers": False,
        "server_header": False,
        "timeout_keep_alive": LONGEST_IDLE_S,
    }


def _written(response: Response) -> bytes:
    given = [header for header in response.raw_headers if header[0] != b"connection"]
    headers = _HEADERS.complete(given, (b"connection", b"close"))
    lines = [STATUS_LINE[response.status_code], *(name + b": " + value + b"\r\n" for name, value in headers), b"\r\n"]
    return b"".join(lines) + bytes(response.body)
