"""`tieline serve --workers`: several processes share one port and one set of figures, and one that dies is started again."""

import asyncio
import os
import re
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import httpx
import pytest
from tests.flows.door import patiently
from tests.flows.replicas import START_S, Replica, deployed
from tests.flows.sandbox import Sandbox

PROCESSES: Final = 2
ASKED: Final = 40
needs_proc = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="looks for processes in /proc")


@pytest.fixture
async def served(database_url: str, tmp_path: Path) -> AsyncIterator[Replica]:
    async with deployed(
        database_url, tmp_path, Sandbox({}, {}), replicas=1, set_up="version: 1\n", processes=PROCESSES
    ) as running:
        yield running.replicas[0]


async def ask(server: Replica, path: str) -> httpx.Response:
    """Ask over a connection of its own, which any of the processes may take."""
    async with httpx.AsyncClient(base_url=server.url, trust_env=False, timeout=START_S) as client:
        return await client.get(path)


async def counted(server: Replica) -> int:
    """Return how many requests for no page there is were answered, as whichever process is asked tells it."""
    found = re.search(
        r'tieline_http_requests_total\{method="GET",route="none",status="404"\} (\S+)', (await ask(server, "/metrics")).text
    )
    return round(float(found[1])) if found else 0


def processes_of(server: Replica) -> set[int]:
    """Return the processes that answer."""
    assert server.process is not None
    parent = server.process.pid
    found = {int(pid) for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()}
    return {pid for pid in found if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()}


@needs_proc
async def test_several_processes_share_a_port_and_what_they_count_and_one_that_dies_is_replaced(served: Replica) -> None:
    assert len(processes_of(served)) == PROCESSES
    for _ in range(ASKED):
        assert (await ask(served, "/nothing-here")).status_code == httpx.codes.NOT_FOUND
    assert {await counted(served) for _ in range(10)} == {ASKED}

    killed = min(processes_of(served))
    os.kill(killed, signal.SIGKILL)
    async for _ in patiently("nobody took the place of the killed one", within_s=START_S):
        if len(processes_of(served) - {killed}) == PROCESSES:
            break
    assert (await ask(served, "/readyz")).status_code == httpx.codes.OK
    assert await counted(served) >= ASKED, "what was counted by the killed one is not forgotten"

    served.ask_to_stop()
    assert served.process is not None
    async with asyncio.timeout(START_S):
        await served.process.wait()
    with pytest.raises(httpx.ConnectError):
        await ask(served, "/readyz")
