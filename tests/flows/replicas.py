"""Servers as processes of their own on one database, to be killed and started again."""

import asyncio
import os
import signal
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
from tests.ports import free_port

from tieline.settings import Settings
from tieline.store.database import Database

START_S: Final = 60.0
"""How long a process may take to answer on a machine that has better things to do."""

AS_IT_IS: Final = (sys.executable, "-m", "tieline")
PATIENT: Final = (sys.executable, "-m", "tests.patience")
HOME: Final = Path(__file__).parents[2]


@dataclass
class Program:
    """A process that can be killed: one of Tieline's, unless `command` names another program."""

    environment: dict[str, str] = field(repr=False, default_factory=dict)
    log: Path = Path(os.devnull)
    command: tuple[str, ...] = AS_IT_IS
    process: asyncio.subprocess.Process | None = None

    async def launch(self, *words: str) -> asyncio.subprocess.Process:
        """Start it with some arguments."""
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *self.command, *words, env=self.environment, stdout=log, stderr=log, start_new_session=True
            )
        return self.process

    async def kill(self) -> None:
        """End the process, and those it started, as a power cut would."""
        if self.process is not None and self.process.returncode is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            await self.process.wait()

    def ask_to_stop(self) -> None:
        """Ask the process to end as whoever deploys does; `process.wait()` tells when it has."""
        assert self.process is not None
        os.kill(self.process.pid, signal.SIGTERM)


@dataclass
class Worker(Program):
    """One `tieline worker`."""

    async def start(self) -> None:
        """Start the process; that it is at work shows in what gets done."""
        await self.launch("worker")


@dataclass
class Replica(Program, Door):
    """One `tieline serve`, with a worker in it or without, or of several processes."""

    with_worker: bool = True
    processes: int = 1

    async def start(self) -> None:
        """Start the process and wait until it is ready."""
        how = ["--with-worker"] if self.with_worker else ["--workers", str(self.processes)]
        process = await self.launch("serve", "--port", str(httpx.URL(self.url).port), *how)
        async for _ in patiently(f"{self.url} never answered, see {self.log}", within_s=START_S):
            assert process.returncode is None, self.log.read_text()
            if await self._is_ready():
                return

    async def _is_ready(self) -> bool:
        try:
            return (await self.client.get("/readyz")).status_code == httpx.codes.OK
        except httpx.TransportError:
            return False


@dataclass
class Deployment:
    """Several replicas, the systems they ask, and their database. `workers` are processes of their own, if any were asked for."""

    replicas: list[Replica]
    sandbox: Sandbox
    database: Database
    workers: list[Worker] = field(default_factory=list)

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
    workers: int = 0,
    processes: int = 1,
    set_up: str | None = None,
    command: tuple[str, ...] = PATIENT,
    **settings: Any,  # noqa: ANN401 - settings of any type
) -> AsyncIterator[Deployment]:
    """Run replicas on a database at head; they are killed at the end.

    Without `workers`, each does a worker's part itself, unless it is of several `processes`. `command`: what they are run by,
    with the product's own limits on waiting or with patience.
    """
    chosen = settings_of(folder, sandbox, **settings)
    await apply_to(chosen, url, folder, set_up or company(sandbox))
    database = await Database.open(url, pool_size=4)
    environment = _environment(url, chosen)
    running = [_replica(environment, folder / f"replica-{number}.log") for number in range(replicas)]
    working = [Worker(environment, folder / f"worker-{number}.log") for number in range(workers)]
    for replica in running:
        replica.with_worker, replica.processes = not workers and processes == 1, processes
    programs: tuple[Replica | Worker, ...] = (*running, *working)
    for program in programs:
        program.command = command
    try:
        await asyncio.gather(*(program.start() for program in programs))
        yield Deployment(running, sandbox, database, working)
    finally:
        for program in programs:
            await program.kill()
        for replica in running:
            await replica.client.aclose()
        await database.aclose()


def _environment(url: str, settings: Settings) -> dict[str, str]:
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("TIELINE_")},
        "PYTHONPATH": os.pathsep.join([str(HOME), *filter(None, [os.environ.get("PYTHONPATH")])]),
        "TIELINE_DATABASE_URL": url,
        **{f"TIELINE_{name.upper()}": str(getattr(settings, name)) for name in settings.model_fields_set if name != "port"},
    }


def _replica(environment: dict[str, str], log: Path) -> Replica:
    address = f"http://127.0.0.1:{free_port()}"
    client = httpx.AsyncClient(base_url=address, timeout=START_S, trust_env=False)
    return Replica(address, client, HouseClock(), environment=environment, log=log)
