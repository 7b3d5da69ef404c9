"""The real front, haproxy with the configuration of `deploy/`, before replicas that happen to listen somewhere."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import httpx
from tests.flows.door import Door, HouseClock, patiently
from tests.flows.replicas import Program, Replica
from tests.ports import free_port

CONFIGURATION: Final = Path(__file__).parents[2] / "deploy" / "haproxy.cfg"
ANSWER_WITHIN_S: Final = 15.0
"""How long those who send webhooks usually wait before they count it as failed."""


def program() -> str | None:
    """Return where haproxy is; None: this machine has none."""
    return shutil.which("haproxy", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


@asynccontextmanager
async def front_of(replicas: Sequence[Replica], log: Path) -> AsyncIterator[Door]:
    """Run the front while the block lasts, and give its door."""
    found = program()
    assert found is not None
    address = f"127.0.0.1:{free_port()}"
    apps = {f"TIELINE_APP{number}": httpx.URL(one.url).netloc.decode() for number, one in enumerate(replicas, 1)}
    front = Program({**os.environ, "TIELINE_FRONT": address, **apps}, log, (found,))
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=20)
    async with httpx.AsyncClient(base_url=f"http://{address}", timeout=ANSWER_WITHIN_S, trust_env=False, limits=limits) as client:
        try:
            await _answers(client, await front.launch("-f", str(CONFIGURATION)), log)
            yield Door(f"http://{address}", client, HouseClock())
        finally:
            await front.kill()


async def _answers(client: httpx.AsyncClient, process: asyncio.subprocess.Process, log: Path) -> None:
    async for _ in patiently(f"the front never answered, see {log}"):
        assert process.returncode is None, f"the front ended, see {log}"
        try:
            if (await client.get("/readyz")).is_success:
                return
        except httpx.TransportError:
            continue
