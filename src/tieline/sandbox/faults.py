"""Knobs that make a simulated system slow, broken, silent or strict while it runs, and a count of what it was asked.

Wrapped around each system as plain ASGI: `PUT /_knobs` sets (and whatever is not named goes back to normal), `GET /_knobs` shows,
`GET /_seen` counts requests by method and path, `DELETE /_seen` starts over. The knobs bear on everything else.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from random import Random
from typing import Annotated, Protocol

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

_REMEMBERED_PATHS = 2000
_GATEWAY_PAGE = "<html><head><title>{status}</title></head><body><center><h1>{status}</h1></center><hr>gateway</body></html>"
_LOGIN_PAGE = "<!doctype html><html><body><form action='/login'>Please sign in</form></body></html>"


class Knobs(BaseModel):
    """What is wrong with a system at the moment. All at their defaults: nothing."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    latency_ms: Annotated[int, Field(ge=0, le=600_000, description="Milliseconds before every answer.")] = 0
    error_rate: Annotated[float, Field(ge=0, le=1, description="Share of requests that fail; 1 when only status is set.")] = 0.0
    status: Annotated[
        int | None, Field(ge=400, le=599, description="A gateway's page with this status instead of its own error.")
    ] = None
    hang: Annotated[bool, Field(description="Accept and never answer.")] = False
    bad_json: Annotated[bool, Field(description="A sign-in page with status 200 where data is expected.")] = False
    empty: Annotated[bool, Field(description="Status 200 and not one byte.")] = False
    throttle: Annotated[
        int | None, Field(ge=0, le=86_400, description="Refuse everything, asking for this many seconds of peace.")
    ] = None
    times: Annotated[int | None, Field(ge=1, description="How many requests are hit before all is normal again; none: all.")] = (
        None
    )


class FaultStyle(Protocol):
    """How a system says, in its own way, that it failed or wants to be left alone."""

    def failed(self) -> Response:
        """Return its internal error."""

    def throttled(self, wait_s: int) -> Response:
        """Return its plea for `wait_s` seconds of peace."""


class FaultGate:
    """The ASGI wrapper that applies the knobs."""

    def __init__(self, app: ASGIApp, style: FaultStyle, *, seed: int = 7) -> None:
        self._app = app
        self._style = style
        self._chance = Random(seed)
        self._left: int | None = None
        self.knobs = Knobs()
        self.seen: Counter[str] = Counter()

    def turn(self, knobs: Knobs) -> None:
        """Set all knobs at once."""
        self.knobs = knobs
        self._left = knobs.times

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, well or badly."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["path"] in {"/_knobs", "/_seen"}:
            response = await self._control(Request(scope, receive))
            await response(scope, receive, send)
            return
        self._count(f"{scope['method']} {scope['path']}")
        fault = await self._fault(receive)
        with suppress(ClientDisconnect):  # Who asked has gone, as they do of a system that is slow.
            await (fault or self._app)(scope, receive, send)

    def _count(self, request: str) -> None:
        self.seen[request if request in self.seen or len(self.seen) < _REMEMBERED_PATHS else "other"] += 1

    async def _control(self, request: Request) -> Response:
        answer = _CONTROLS.get((request.method, request.url.path))
        return (
            JSONResponse({"error": "use GET or PUT /_knobs, GET or DELETE /_seen"}, 405)
            if answer is None
            else await answer(self, request)
        )

    async def _fault(self, receive: Receive) -> ASGIApp | None:
        """Return what is served instead of the system's answer; None: its answer."""
        knobs = self._spend()
        await asyncio.sleep(knobs.latency_ms / 1000)
        if knobs.hang:
            return await _never(receive)
        if knobs.throttle is not None:
            return self._style.throttled(knobs.throttle)
        if self._chance.random() < (knobs.error_rate or (1.0 if knobs.status else 0.0)):
            return self._style.failed() if knobs.status is None else _gateway(knobs.status)
        return _spoiled(knobs)

    def _spend(self) -> Knobs:
        if self._left is None:
            return self.knobs
        if self._left == 0:
            return Knobs()
        self._left -= 1
        return self.knobs


async def _never(receive: Receive) -> ASGIApp:
    while (await receive())["type"] != "http.disconnect":
        pass
    return Response(status_code=499)


def _gateway(status: int) -> Response:
    return HTMLResponse(_GATEWAY_PAGE.format(status=status), status)


def _spoiled(knobs: Knobs) -> Response | None:
    if knobs.bad_json:
        return HTMLResponse(_LOGIN_PAGE)
    return Response(b"") if knobs.empty else None


async def _show_knobs(gate: FaultGate, _: Request) -> Response:
    return JSONResponse(gate.knobs.model_dump())


async def _set_knobs(gate: FaultGate, request: Request) -> Response:
    try:
        gate.turn(Knobs.model_validate_json(await request.body() or b"{}"))
    except ValidationError as exc:
        return JSONResponse({"error": exc.errors(include_url=False, include_context=False, include_input=False)}, 422)
    return JSONResponse(gate.knobs.model_dump())


async def _show_seen(gate: FaultGate, _: Request) -> Response:
    return JSONResponse(dict(gate.seen))


async def _forget_seen(gate: FaultGate, _: Request) -> Response:
    gate.seen.clear()
    return JSONResponse({})


_CONTROLS: dict[tuple[str, str], Callable[[FaultGate, Request], Awaitable[Response]]] = {
    ("GET", "/_knobs"): _show_knobs,
    ("PUT", "/_knobs"): _set_knobs,
    ("GET", "/_seen"): _show_seen,
    ("DELETE", "/_seen"): _forget_seen,
}
