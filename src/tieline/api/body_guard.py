"""How much a request's body may weigh and how long it may take, counted as it comes in, whatever its headers claim.

FastAPI's own limit is not used: it knows no time, and answers in plain text when a route never reads the body.
Behaviour: bad-input rows B24, B25, B28.
"""

import asyncio
from typing import Final

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tieline.api.problems import Fault, render

SLOWEST_BODY_S: Final = 10.0
_LONGEST_LENGTH_DIGITS: Final = 15
_NO_SUCH_LENGTH: Final = 10**_LONGEST_LENGTH_DIGITS


class BodyGuard:
    """Refuses a body that is too large at its first sign, one that ends early, and one that trickles; pure ASGI."""

    def __init__(self, app: ASGIApp, *, limit_bytes: int, within_s: float = SLOWEST_BODY_S) -> None:
        self._app = app
        self._limit_bytes = limit_bytes
        self._within_s = within_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with its body guarded."""
        length = _announced_length(scope) if scope["type"] == "http" else 0
        if length is not None and length > self._limit_bytes:
            await render(scope, Fault(413, "body_too_large"))(scope, receive, send)
        elif length == 0:
            await self._app(scope, receive, send)
        else:
            await self._app(scope, _Measured(receive, self._limit_bytes, self._within_s), send)


class _Measured:
    """A `receive` that counts. It raises HTTPException, the one error the framework's own body readers let through."""

    def __init__(self, receive: Receive, limit_bytes: int, within_s: float) -> None:
        self._receive = receive
        self._left_bytes = limit_bytes
        self._ends_at_s = asyncio.get_running_loop().time() + within_s
        self._complete = False

    async def __call__(self) -> Message:
        if self._complete:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._ends_at_s):
                message = await self._receive()
        except TimeoutError as exc:
            raise HTTPException(408) from exc
        if message["type"] == "http.disconnect":
            raise HTTPException(400)
        self._left_bytes -= len(message.get("body", b""))
        if self._left_bytes < 0:
            raise HTTPException(413)
        self._complete = not message.get("more_body", False)
        return message


def _announced_length(scope: Scope) -> int | None:
    """Return what the headers announce, in bytes: 0 without a body, None when only its end will tell."""
    length = 0
    for name, value in scope["headers"]:
        if name == b"transfer-encoding":
            return None
        if name == b"content-length":
            length = int(value) if value.isdigit() and len(value) <= _LONGEST_LENGTH_DIGITS else _NO_SUCH_LENGTH
    return length
