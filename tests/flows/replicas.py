"""Servers as processes of their own on one database, to be killed and started again."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
from tests.flows.door import Door, HouseClock, patiently
from tests.flows.house import apply_to, company, settings_of
from tests.flows.sandbox import Sandbox

from tieline.settings import Settings
from tieline.store.database import Database

START_S: Final = 60.0
"""How long a process may take to answer on a machine that has better things to do."""


@dataclass
class Replica(Door):
    """One `tieline serve`, with a worker in it or without."""

    environment: dict[str, str] = field(repr=False, default_factory=dict)
    log: Path = Path(os.devnull)
    with_worker: bool = True
    process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start the process and wait until it is ready."""
        command = [sys.executable, "-m", "tieline", "serve", "--port", str(httpx.URL(self.url).port)]
        command += ["--with-worker"] if self.with_worker else []
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *command, env=self.environment, stdout=log, stderr=log, start_new_session=True
            )
        async for _ in patiently(f"{self.url} never answered, see {self.log}", within_s=START_S):
            assert self.process.returncode is None, self.log.read_text()
            if await self._is_ready():
                return

    async def kill(self) -> None:
        """End the process as a power cut would."""
        if self.process is not None and self.process.returncode is None:
            os.kill(self.process.pid, signal.SIGKILL)
            await self.process.wait()

    async def _is_ready(self) -> bool:
        try:
            return (await self.client.get("/readyz")).status_code == httpx.codes.OK
        except httpx.TransportError:
            return False


@dataclass
class Deployment:
    """Several replicas, the systems they ask, and their database."""

    replicas: list[Replica]
    sandbox: Sandbox
    database: Database

    async def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Ask the database."""
        async with self.database.pool.connection() as connection:
            return await (await connection.execute(query.encode())).fetchall()

    async def change(self, statement: str) -> None:
        """Change the database behind the replicas' backs."""
        async with self.database.pool.connection() as connection:
            await connection.execute(statement.encode())


@asynccontextmanager
async def deployed(
    url: str,
    folder: Path,
    sandbox: Sandbox,
    *,
    replicas: int,
    set_up: str | None = None,
    **settings: Any,  # noqa: ANN401 - settings of any type
) -> AsyncIterator[Deployment]:
    """Run replicas on a database at head; they are killed at the end."""
    chosen = settings_of(folder, sandbox, **settings)
    await apply_to(chosen, url, folder, set_up or company(sandbox))
    database = await Database.open(url, pool_size=4)
    running = [_replica(url, chosen, folder / f"replica-{number}.log") for number in range(replicas)]
    try:
        await asyncio.gather(*(replica.start() for replica in running))
        yield Deployment(running, sandbox, database)
    finally:
        for replica in running:
            await replica.kill()
            await replica.client.aclose()
        await database.aclose()


def _replica(url: str, settings: Settings, log: Path) -> Replica:
    address = f"http://127.0.0.1:{_free_port()}"
    given = {
        **{name: value for name, value in os.environ.items() if not name.startswith("TIELINE_")},
        "TIELINE_DATABASE_URL": url,
        **{f"TIELINE_{name.upper()}": str(getattr(settings, name)) for name in settings.model_fields_set if name != "port"},
    }
    client = httpx.AsyncClient(base_url=address, timeout=START_S, trust_env=False)
    return Replica(address, client, HouseClock(), environment=given, log=log)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
