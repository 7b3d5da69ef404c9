"""Runs the server: alone, as one of several processes, or for as long as a block of code lasts."""

import asyncio
import contextlib
import functools
import socket
from collections.abc import AsyncIterator, Iterator

import uvicorn
import uvloop
from fastapi import FastAPI
from uvicorn.supervisors import Multiprocess

from tieline.connectors.registry import Catalog
from tieline.domain.phone_normalise import warm
from tieline.observability.logs import set_up_logs
from tieline.services.house import House
from tieline.settings import Settings
from tieline.wiring import app_of, house_of
from tieline.worker import run as worker

SHUTDOWN_S = 5


def serve(settings: Settings, url: str, *, processes: int, with_worker: bool) -> None:
    """Serve until told to stop; several processes share one socket and are started again when they die."""
    serve_one = functools.partial(_serve_process, settings, url, with_worker=with_worker)
    if processes == 1:
        serve_one(None)
        return
    config = uvicorn.Config("tieline", host=settings.host, port=settings.port, workers=processes, log_config=None)
    Multiprocess(config, target=serve_one, sockets=[config.bind_socket()]).run()


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


@contextlib.asynccontextmanager
async def serving(house: House, settings: Settings, url: str, *, with_worker: bool) -> AsyncIterator[str]:
    """Serve while the block lasts; yields the address, once it answers. Raises: OSError: the port is taken."""
    listener = socket.create_server((settings.host, settings.port))
    server = _BlockServer(_uvicorn(app_of(house, settings), settings))
    async with chores_done(house, url, with_worker=with_worker), asyncio.TaskGroup() as group:
        group.create_task(server.serve([listener]), name="server")
        await server.ready.wait()
        try:
            yield f"http://{settings.host}:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True


def _serve_process(settings: Settings, url: str, sockets: list[socket.socket] | None, *, with_worker: bool) -> None:
    """Serve in this process until told to stop; one of several if `sockets` are shared."""

    async def serve() -> None:
        async with house_of(settings, url, Catalog()) as house, chores_done(house, url, with_worker=with_worker):
            await uvicorn.Server(_uvicorn(app_of(house, settings), settings)).serve(sockets)

    set_up_logs(level=settings.log_level, log_format=settings.log_format)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve())


def _uvicorn(app: FastAPI, settings: Settings) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=SHUTDOWN_S,
    )


@contextlib.asynccontextmanager
async def chores_done(house: House, url: str, *, with_worker: bool) -> AsyncIterator[None]:
    """Take up what a server that died left behind; with a worker, do its jobs too."""
    warm()
    await house.delivery.resume()
    working = asyncio.create_task(worker.run(house, url, concurrency=4), name="worker") if with_worker else None
    try:
        yield
    finally:
        if working is not None:
            working.cancel()
            await asyncio.wait([working])
