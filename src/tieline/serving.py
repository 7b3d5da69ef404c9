"""Runs the server: alone, as one of several processes, or for as long as a block of code lasts."""

import asyncio
import contextlib
import gc
import os
import socket
from collections.abc import AsyncIterator, Iterator

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.supervisors import Multiprocess

from tieline.api.wire import server_options
from tieline.cli.root import Progress
from tieline.connectors.registry import Catalog
from tieline.domain.errors import ConfigRefused
from tieline.domain.phone_normalise import warm
from tieline.doors import app_of
from tieline.observability.logs import set_up_logs
from tieline.observability.metrics import counted_together
from tieline.services.house import House
from tieline.services.understanding import words
from tieline.settings import Settings
from tieline.wiring import database_of, house_of
from tieline.worker import run as worker

SHUTDOWN_S = 15
"""How long requests under way have to end once the server is told to stop; with a worker's 5 s within the 25 s of F44."""
BLOCK_SHUTDOWN_S = 2
"""The same where the server ends with a block of code: nobody but whoever ends it is served."""
GC_ALLOCATIONS = 50_000


class HouseApp:
    """An ASGI application that opens its house when it starts and closes it when it stops."""

    def __init__(self, settings: Settings, *, with_worker: bool = False, progress: Progress = lambda _sentence: None) -> None:
        self._settings = settings
        self._with_worker = with_worker
        self._progress = progress
        self._app: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand everything to the application built at the start."""
        if scope["type"] == "lifespan":
            await self._live(scope, receive, send)
        elif self._app is not None:
            await self._app(scope, receive, send)

    async def _live(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Keep the house open around the application's own life."""
        with database_of(self._settings, self._progress) as url:
            async with (
                house_of(self._settings, url, Catalog()) as house,
                chores_done(house, url, with_worker=self._with_worker),
            ):
                self._app = app_of(house, self._settings)
                await self._app(scope, receive, send)


def application() -> HouseApp:
    """Build the application from the environment, for one of several processes."""
    settings = Settings()
    set_up_logs(level=settings.log_level, log_format=settings.log_format)
    return HouseApp(settings)


def serve(settings: Settings, *, processes: int, with_worker: bool, progress: Progress) -> None:
    """Serve until told to stop; several processes share one socket and are started again when they die."""
    listener = _listen(settings)
    if processes == 1:
        app = HouseApp(settings, with_worker=with_worker, progress=progress)
        uvicorn.Server(_uvicorn(app, settings)).run([listener])
        return
    if with_worker:
        raise ConfigRefused("--with-worker goes with one process; start `tieline worker` beside several")
    os.environ |= {"TIELINE_HOST": settings.host, "TIELINE_PORT": str(settings.port)}
    listener.set_inheritable(True)
    config = _uvicorn("tieline.serving:application", settings, factory=True, processes=processes)
    with counted_together():
        Multiprocess(config, sockets=[listener]).run()


@contextlib.asynccontextmanager
async def serving(house: House, settings: Settings, url: str, *, with_worker: bool) -> AsyncIterator[str]:
    """Serve while the block lasts; yields the address, once it answers. Raises: ConfigRefused: the port is taken."""
    listener = _listen(settings)
    server = _BlockServer(_uvicorn(app_of(house, settings), settings, shutdown_s=BLOCK_SHUTDOWN_S))
    async with chores_done(house, url, with_worker=with_worker), asyncio.TaskGroup() as group:
        group.create_task(server.serve([listener]), name="server")
        await server.ready.wait()
        try:
            yield f"http://{settings.host}:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True


@contextlib.asynccontextmanager
async def chores_done(house: House, url: str, *, with_worker: bool) -> AsyncIterator[None]:
    """Take up what a server that died left behind; with a worker, do its jobs too."""
    warm()
    _settle_memory()
    await house.delivery.resume()
    chores = house.delivery.resume_as_claims_lapse() if not with_worker else worker.run(house, url, concurrency=4)
    tasks = [
        asyncio.create_task(chores, name="chores"),
        asyncio.create_task(asyncio.to_thread(words.warm), name="dictionary"),
        asyncio.create_task(house.webhook_door.inbox.drain_for_ever(), name="spool"),
    ]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


def free_port(host: str) -> int:
    """Return a port nobody listens on at this moment."""
    with socket.create_server((host, 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def _settle_memory() -> None:
    """Take what was loaded at the start (numbering plans, models, routes) out of the garbage collector's rounds.

    Walking those few hundred thousand lasting objects over and over cost a fifth of every pop.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_ALLOCATIONS, 50, 50)


class _BlockServer(uvicorn.Server):
    """A server that leaves the signals to whoever runs it and says when it answers."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say so."""
        await super().startup(sockets)
        self.ready.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture nothing."""
        yield


def _listen(settings: Settings) -> socket.socket:
    try:
        listener = socket.create_server((settings.host, settings.port), backlog=2048)
    except OSError as exc:
        detail = f"cannot listen on {settings.host} port {settings.port}: {exc.strerror or exc}"
        raise ConfigRefused(detail, code="port_taken", hint="Choose another with --port.") from exc
    # asyncio does this only for sockets it made itself; without it every answer waits 40 ms for the other side's acknowledgement.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _uvicorn(
    app: ASGIApp | str, settings: Settings, *, factory: bool = False, processes: int = 1, shutdown_s: int = SHUTDOWN_S
) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        factory=factory,
        workers=processes,
        host=settings.host,
        port=settings.port,
        lifespan="on",
        timeout_graceful_shutdown=shutdown_s,
        **server_options(),
    )
