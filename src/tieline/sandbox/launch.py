"""Runs all simulated systems in one process: binds their ports, says where they are, and goes when it is told or left alone."""

import argparse
import asyncio
import json
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import UTC, datetime
from typing import Any, Final

import uvicorn

from tieline.sandbox import demo, whereabouts
from tieline.sandbox.access import ACCESS
from tieline.sandbox.bamboo_erp import BambooFaults, bamboo_erp
from tieline.sandbox.faults import FaultGate, Knobs
from tieline.sandbox.heron_pbx import HeronFaults, heron_pbx
from tieline.sandbox.lotus_crm import LotusFaults, lotus_crm
from tieline.sandbox.willow_helpdesk import WillowFaults, willow_helpdesk
from tieline.sandbox.world import CROWD_SIZE, World

SYSTEMS: Final = ("crm", "erp", "helpdesk", "pbx")
_LOOPBACK: Final = "127.0.0.1"
_PARENT_CHECK_S: Final = 0.5


def wall_clock() -> datetime:
    """Return the current instant; the sandbox has its own clock because it imports nothing of ours."""
    return datetime.fromtimestamp(time.time(), UTC)


def build_systems(*, now: Callable[[], datetime] = wall_clock, crowd_size: int = CROWD_SIZE) -> Mapping[str, FaultGate]:
    """Return the four systems by name, all looking at one new world as of `now`."""
    world = World(now=now(), crowd_size=crowd_size)
    gates: dict[str, FaultGate] = {}

    async def turn(system: str, knobs: Mapping[str, Any]) -> None:
        gates[system].turn(Knobs.model_validate(dict(knobs)))

    gates["crm"] = FaultGate(lotus_crm(world, now=now, seconds=time.monotonic), LotusFaults())
    gates["erp"] = FaultGate(bamboo_erp(world), BambooFaults())
    gates["helpdesk"] = FaultGate(willow_helpdesk(world, now=now), WillowFaults())
    gates["pbx"] = FaultGate(heron_pbx(now=now, turn=turn), HeronFaults())
    return gates


class _Server(uvicorn.Server):
    """A server that leaves the signals to whoever runs it, for four cannot each own SIGTERM; `ready` is set once it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say so."""
        await super().startup(sockets)
        self.ready.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture nothing."""
        yield


@asynccontextmanager
async def serving(systems: Mapping[str, FaultGate], ports: Mapping[str, int]) -> AsyncIterator[dict[str, dict[str, str]]]:
    """Serve on loopback while the block lasts. A port of 0, or none, takes a free one.

    Yields: for each system its `url` and what a caller must show to be let in.
    Raises: OSError: a port is taken.
    """
    sockets = {name: _listen(ports.get(name, 0)) for name in systems}
    servers = {name: _Server(_config(app)) for name, app in systems.items()}
    running = [asyncio.create_task(server.serve([sockets[name]])) for name, server in servers.items()]
    try:
        await asyncio.gather(*(server.ready.wait() for server in servers.values()))
        yield {name: {"url": f"http://{_LOOPBACK}:{sockets[name].getsockname()[1]}", **ACCESS[name]} for name in systems}
    finally:
        for server in servers.values():
            server.should_exit = True
        await asyncio.gather(*running)


def _config(app: FaultGate) -> uvicorn.Config:
    return uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=1)


def _listen(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # asyncio does this only for sockets it made itself; without it every answer waits 40 ms for the other side's acknowledgement.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listener.bind((_LOOPBACK, port))
    return listener


async def run(ports: Mapping[str, int], *, crowd_size: int, parent: int) -> None:
    """Serve until SIGTERM or SIGINT, or until process `parent` is no longer ours; 0: never mind the parent."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for wish in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(wish, stop.set)
    async with serving(build_systems(crowd_size=crowd_size), ports) as systems:
        with whereabouts.noted(systems):
            sys.stdout.write(json.dumps({"line": demo.line(), "systems": systems}) + "\n")
            sys.stdout.flush()
            while not stop.is_set() and (parent == 0 or os.getppid() == parent):
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), _PARENT_CHECK_S)


def main(arguments: Sequence[str]) -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(prog="python -m tieline.sandbox", description=__doc__)
    for name in SYSTEMS:
        parser.add_argument(f"--{name}-port", type=int, default=0, help="TCP port on loopback; 0: a free one")
    parser.add_argument("--customers", type=int, default=CROWD_SIZE, help="how many invented customers besides the demo's own")
    parser.add_argument("--parent", type=int, default=os.getppid(), help="exit when this process dies; 0: do not care")
    wanted = parser.parse_args(arguments)
    ports = {name: int(getattr(wanted, f"{name}_port")) for name in SYSTEMS}
    asyncio.run(run(ports, crowd_size=wanted.customers, parent=wanted.parent))
