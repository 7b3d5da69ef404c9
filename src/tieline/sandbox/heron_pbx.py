"""Heron PBX: plays call scenarios and pushes each event to a URL, as JSON or as a form; places calls for who shows its token.

`POST /play {scenario, from?, to?, agent?, target_url?, dialect?, body?, speed?, headers?}` answers 202 at once;
`GET /plays/{id}` tells what was posted and what came back, `DELETE /plays` breaks off every call without a word to anybody.
`PUT /target {target_url}` sets where events go when a play does not say.
"""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tieline.sandbox import demo
from tieline.sandbox.access import ACCESS
from tieline.sandbox.heron_hook import HookPoster, PlayWish
from tieline.sandbox.heron_messages import HeronMessages
from tieline.sandbox.player import Ring, Stage, play
from tieline.sandbox.scenarios import Scenario, scenarios

_REMEMBERED_PLAYS: Final = 200
Turn = Callable[[str, Mapping[str, Any]], Awaitable[None]]


class Target(BaseModel):
    """Where events go when a play does not say."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    target_url: str


class DialWish(BaseModel):
    """A call to be placed: first the telephone at `extension` rings, then `number`. `reference` makes a repetition harmless."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    extension: str
    number: Annotated[str, Field(min_length=1)]
    reference: Annotated[str, Field(min_length=1)]
    caller_id: str | None = Field(default=None, alias="callerId")


class HeronFaults:
    """How Heron says that it failed or is asked too often."""

    def failed(self) -> Response:
        """Return a fault with status 500."""
        return _fault(500, "SWITCH_ERROR")

    def throttled(self, wait_s: int) -> Response:
        """Return a fault with status 429; the wait stands in the body, in milliseconds."""
        return _fault(429, "TOO_FAST", waitMs=wait_s * 1000)


def heron_pbx(*, now: Callable[[], datetime], turn: Turn) -> Starlette:
    """Return the exchange as an ASGI application. `turn(system, knobs)` is how a scenario breaks the other systems."""
    pbx = _Heron(now, turn)
    return Starlette(
        routes=[
            Route("/scenarios", pbx.list_scenarios),
            Route("/play", pbx.start_play, methods=["POST"]),
            Route("/plays", pbx.break_off, methods=["DELETE"]),
            Route("/plays/{id}", pbx.show_play),
            Route("/target", pbx.set_target, methods=["PUT"]),
            Route("/api/extensions", pbx.list_extensions),
            Route("/api/calls", pbx.dial, methods=["POST"]),
            *HeronMessages(_refusal, now).routes(),
        ],
        exception_handlers={
            ValidationError: lambda _request, refusal: _fault(422, "BAD_FIELDS", fields=_fields(refusal)),
            404: lambda _request, _error: _fault(404, "NO_ROUTE"),
        },
    )


class _Heron:
    def __init__(self, now: Callable[[], datetime], turn: Turn) -> None:
        self._now, self._turn = now, turn
        self._numbers = itertools.count(1)
        self._plays: dict[str, dict[str, Any]] = {}
        self._calls: dict[str, dict[str, Any]] = {}
        self._running: set[asyncio.Task[None]] = set()
        self._target_url: str | None = None

    async def list_scenarios(self, _request: Request) -> Response:
        return JSONResponse({name: {"about": told.about, "expect": told.expect} for name, told in scenarios().items()})

    async def set_target(self, request: Request) -> Response:
        target = Target.model_validate_json(await request.body())
        self._target_url = target.target_url
        return JSONResponse(target.model_dump())

    async def start_play(self, request: Request) -> Response:
        wish = PlayWish.model_validate_json(await request.body())
        scenario, target_url = scenarios().get(wish.scenario), wish.target_url or self._target_url
        if scenario is None or target_url is None:
            return _fault(422, "NO_SCENARIO" if scenario is None else "NO_TARGET")
        return JSONResponse(self._start(scenario, wish, target_url), 202)

    def _start(self, scenario: Scenario, wish: PlayWish, target_url: str) -> dict[str, Any]:
        name = f"heron-{int(self._now().timestamp() * 1000)}-{next(self._numbers)}"
        posts: list[dict[str, Any]] = []
        shown: dict[str, Any] = {
            "play_id": name,
            "scenario": wish.scenario,
            "call_id": f"{name}-a",
            "state": "running",
            "posts": posts,
        }
        self._plays[name] = shown
        while len(self._plays) > _REMEMBERED_PLAYS:
            del self._plays[next(iter(self._plays))]
        ring = Ring(wish.from_ or scenario.caller, wish.to or demo.line(), wish.agent, name)
        task = asyncio.create_task(self._run(scenario, ring, wish, HookPoster(target_url, wish, posts), shown))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return shown

    async def _run(self, scenario: Scenario, ring: Ring, wish: PlayWish, poster: HookPoster, shown: dict[str, Any]) -> None:
        state = "failed"
        try:
            async with poster.client:
                stage = Stage(poster.post, self._turn, self._now, asyncio.sleep)
                shown["events"] = await play(scenario, ring, stage, speed=wish.speed)
            state = "done"
        finally:
            shown["state"] = state

    async def show_play(self, request: Request) -> Response:
        shown = self._plays.get(request.path_params["id"])
        return _fault(404, "NO_PLAY") if shown is None else JSONResponse(shown)

    async def break_off(self, _request: Request) -> Response:
        broken_off = [play for play in self._running if play.cancel()]
        await asyncio.gather(*broken_off, return_exceptions=True)
        return JSONResponse({"broken_off": len(broken_off)})

    async def list_extensions(self, request: Request) -> Response:
        return _refusal(request) or JSONResponse({"extensions": [telephone.model_dump() for telephone in demo.extensions()]})

    async def dial(self, request: Request) -> Response:
        if refusal := _refusal(request):
            return refusal
        wish = DialWish.model_validate_json(await request.body())
        if wish.reference in self._calls:
            return JSONResponse(self._calls[wish.reference])
        telephone = next((one for one in demo.extensions() if one.extension == wish.extension), None)
        if telephone is None or not telephone.registered:
            return _fault(422, "NO_SUCH_EXTENSION" if telephone is None else "EXTENSION_OFFLINE")
        if self._target_url is None:
            return _fault(409, "NO_TARGET")
        play_wish = PlayWish.model_validate(
            {"scenario": "outbound", "from": wish.number, "to": wish.caller_id, "agent": wish.extension}
        )
        started = self._start(scenarios()["outbound"], play_wish, self._target_url)
        self._calls[wish.reference] = {"call": {"id": started["call_id"], "state": "dialling"}}
        return JSONResponse(self._calls[wish.reference], 201)


def _refusal(request: Request) -> Response | None:
    return None if request.headers.get("authorization") == f"Bearer {ACCESS['pbx']['api_token']}" else _fault(403, "TOKEN_WRONG")


def _fault(status: int, reason: str, **more: object) -> JSONResponse:
    return JSONResponse({"fault": {"reason": reason, **more}}, status)


def _fields(refusal: Exception) -> list[str]:
    return [".".join(map(str, error["loc"])) for error in refusal.errors()] if isinstance(refusal, ValidationError) else []
