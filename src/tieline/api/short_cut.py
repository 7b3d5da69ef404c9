"""The way past the framework for what runs on every call: bare routes at a fixed path, with the same checks and the same errors.

A path that is in no such route goes through the framework, which also documents them all. The layers left out here look for the
route, keep files and streams open, and bind dependencies: a twentieth of a pop (measured 2026-11-26 with FastAPI 0.165).
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Final

from fastapi import FastAPI, Request, Response
from starlette.middleware.errors import ServerErrorMiddleware
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from tieline.api.problems import EXCEPTION_HANDLERS
from tieline.api.strict_route import BareRoute

Handler = Callable[[Request], Awaitable[Response]]

_FORESEEN: Final[Mapping[Any, Any]] = {kind: handler for kind, handler in EXCEPTION_HANDLERS.items() if kind is not Exception}


class ShortCut:
    """Answers requests for `door`'s bare routes itself and hands all others to `framework`; pure ASGI."""

    def __init__(self, framework: ASGIApp, *, door: FastAPI) -> None:
        self._framework = framework
        self._door = door
        self._bare = dict(_bare_routes(door.routes))
        self._guarded = ServerErrorMiddleware(_answer, handler=EXCEPTION_HANDLERS[Exception])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take the short way if there is one."""
        found = self._bare.get((scope["method"], scope["path"])) if scope["type"] == "http" else None
        if found is None:
            await self._framework(scope, receive, send)
            return
        route, scope["tieline.answer"] = found
        scope.update(app=self._door, route=route, endpoint=route.endpoint, path_params={})
        await self._guarded(scope, receive, send)


async def _answer(scope: Scope, receive: Receive, send: Send) -> None:
    answer: Handler = scope["tieline.answer"]
    request = Request(scope, receive, send)
    try:
        response = await answer(request)
    except tuple(_FORESEEN) as exc:
        response = await next(handler for kind, handler in _FORESEEN.items() if isinstance(exc, kind))(request, exc)
    await response(scope, receive, send)


def _bare_routes(routes: Iterable[BaseRoute]) -> Iterable[tuple[tuple[str, str], tuple[BareRoute, Handler]]]:
    for route in routes:
        if isinstance(route, BareRoute) and not route.param_convertors:
            answer = route.get_route_handler()
            yield from (((method, route.path), (route, answer)) for method in route.methods or ())
