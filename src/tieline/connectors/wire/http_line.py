"""One kept connection to a vendor, speaking HTTP/1.1: a request goes out, llhttp reads the answer, and the next may follow.

It knows nothing of redirects, cookies, proxies or encodings. Whoever asks says until when to wait.
Source: RFC 9112 (https://www.rfc-editor.org/rfc/rfc9112, read 2026-11-22).
"""

import asyncio
from typing import Final, cast

import httptools

from tieline.connectors.wire.messages import Incoming

MOST_HEAD_BYTES: Final = 65_536
"""What may come besides the body in one answer: status line, headers, the sizes of chunks."""

_FIRST_FINAL_STATUS: Final = 200


class LineBroken(Exception):
    """The connection ended before the first byte of an answer."""


class AnswerBroken(Exception):
    """What came is not HTTP, or ended in its middle."""


class AnswerTooLarge(Exception):
    """More came, or was announced, than this connection takes."""


class HttpLine(asyncio.Protocol):
    """Carries one exchange at a time. `idle_since` is when the last one ended, on the loop's clock."""

    def __init__(self, *, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._transport: asyncio.Transport | None = None
        self._parser: httptools.HttpResponseParser | None = None
        self._answer: asyncio.Future[Incoming] | None = None
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []
        self._body_bytes = 0
        self._received_bytes = 0
        self._has_head = False
        self.idle_since = 0.0

    @property
    def ready(self) -> bool:
        """Say whether a request can be sent: the connection stands, and nothing else is under way on it."""
        return self._parser is not None and self._answer is None

    async def exchange(self, request: bytes, *, until_s: float) -> Incoming:
        """Send a whole request and return the answer, its body as it came. Leaving early ends the connection.

        `until_s`: on the loop's clock. Raises: LineBroken, AnswerBroken, AnswerTooLarge. TimeoutError: no whole answer by then.
        """
        if self._transport is None or not self.ready:
            raise LineBroken
        loop = asyncio.get_running_loop()
        self._answer = loop.create_future()
        self._received_bytes = 0
        self._transport.write(request)
        running_out = loop.call_at(until_s, self._out_of_time)
        try:
            return await self._answer
        finally:
            running_out.cancel()
            if self._answer is not None:
                self.hang_up()

    def hang_up(self) -> None:
        """End the connection at once."""
        if self._transport is not None:
            self._transport.abort()
        self._parser = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Be ready for the first exchange."""
        self._transport = cast("asyncio.Transport", transport)
        self._parser = httptools.HttpResponseParser(self)
        # As browsers do: what old servers write amiss in a header, or between two lines, decides nothing here.
        self._parser.set_dangerous_leniencies(
            lenient_headers=True, lenient_optional_cr_before_lf=True, lenient_spaces_after_chunk_size=True
        )

    def data_received(self, data: bytes) -> None:
        """Read on; what nobody asked for ends the connection."""
        if self._parser is None or self._answer is None:
            self.hang_up()
            return
        self._received_bytes += len(data)
        if self._received_bytes > self._most_bytes + MOST_HEAD_BYTES:
            self._fail(AnswerTooLarge())
            return
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._fail(AnswerBroken())

    def connection_lost(self, exc: Exception | None) -> None:
        """End the exchange under way; a body without any length ends here as it should."""
        if self._answer is not None:
            if self._has_head and self._ends_with_connection() and exc is None:
                self._finish()
            else:
                self._fail(AnswerBroken() if self._received_bytes else LineBroken())
        self._transport = self._parser = None

    def on_message_begin(self) -> None:
        """Begin an answer; a second one, unasked for, ends the connection."""
        if self._answer is None:
            self.hang_up()
        self._headers = {}
        self._body = []
        self._body_bytes = 0
        self._has_head = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """Note a header: the name in lower case; repeated ones are joined by commas (RFC 9110, 5.3)."""
        key, text = name.decode("latin-1").lower(), value.decode("utf-8", "replace")
        self._headers[key] = f"{self._headers[key]}, {text}" if key in self._headers else text

    def on_headers_complete(self) -> None:
        """Refuse what is announced too large before it is sent."""
        self._has_head = True
        announced = self._headers.get("content-length", "")
        if announced.isdecimal() and int(announced) > self._most_bytes:
            self._fail(AnswerTooLarge())

    def on_body(self, part: bytes) -> None:
        """Keep a part of the body."""
        self._body_bytes += len(part)
        if self._body_bytes > self._most_bytes:
            self._fail(AnswerTooLarge())
        elif self._answer is not None:
            self._body.append(part)

    def on_message_complete(self) -> None:
        """Hand the answer over; an interim one (1xx) is only the sign that another follows."""
        if self._parser is not None and self._parser.get_status_code() >= _FIRST_FINAL_STATUS:
            self._finish()

    def _finish(self) -> None:
        answer, parser, self._answer = self._answer, self._parser, None
        if answer is None or parser is None or answer.done():
            return
        answer.set_result(Incoming(parser.get_status_code(), self._headers, b"".join(self._body)))
        self.idle_since = asyncio.get_running_loop().time()
        if not parser.should_keep_alive():
            self.hang_up()

    def _out_of_time(self) -> None:
        self._fail(TimeoutError())

    def _fail(self, error: Exception) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)
        self.hang_up()

    def _ends_with_connection(self) -> bool:
        return "content-length" not in self._headers and "chunked" not in self._headers.get("transfer-encoding", "").lower()
