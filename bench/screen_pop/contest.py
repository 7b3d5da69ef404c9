"""The contest: everyone does the same pop, one after the other in one run, each alone on its core."""

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from sys import executable

import uvloop

from load import Load, drive
from processes import Served
from screen_pop import node_red

HERE = Path(__file__).parent
WARM_UP_S = 1.0
_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Contestant:
    """One way to do it. `path` takes a caller's digits; every request asks for somebody new."""

    name: str
    command: tuple[str, ...]
    port: int
    ready: str
    path: str
    env: Mapping[str, str]
    headers: Mapping[str, str] = field(default_factory=dict)

    @contextmanager
    def served(self) -> Iterator[Served]:
        """Serve alone on the first core."""
        url = f"http://127.0.0.1:{self.port}{self.ready}"
        with Served(self.name.replace(" ", "-"), self.command, cores={0}, ready_url=url, env=self.env) as server:
            yield server

    def drive(self, *, callers: int, seconds: float) -> Load:
        """Ask for new callers, at most `callers` at a time."""
        return uvloop.run(drive(self.port, self.next_path, callers=callers, seconds=seconds, headers=self.headers))

    def next_path(self, _number: int) -> str:
        """Return the path that asks for the next new caller."""
        return self.path.format(digits=f"86138{next(_numbers) % 100_000:08}")


@dataclass(frozen=True, slots=True)
class Figures:
    """What one contestant did in one round at one number of callers. CPU in microseconds a pop, memory in MiB."""

    per_second: float
    p50_ms: float
    p99_ms: float
    cpu_us: float
    resident: float
    failed: int


def measure(contestant: Contestant, *, callers: tuple[int, ...], seconds: float) -> dict[int, Figures]:
    """Start a contestant, warm it up, measure it at each number of callers, stop it."""
    figures = {}
    with contestant.served() as server:
        for number in callers:
            contestant.drive(callers=number, seconds=WARM_UP_S)
            before = server.cpu_seconds()
            load = contestant.drive(callers=number, seconds=seconds)
            spent = server.cpu_seconds() - before
            figures[number] = Figures(
                load.per_second,
                load.percentile(50),
                load.percentile(99),
                spent / load.requests * 1e6,
                server.resident_megabytes(),
                load.failed,
            )
    return figures


def contestants(upstream: str, database: str, key: str, env: Mapping[str, str], node: Path | None) -> list[Contestant]:
    """Return who takes part; Node-RED only where it could be installed (`node` is its settings folder)."""
    ours = dict(env)
    pop = "/v1/screen-pop?phone=%2B{digits}&line=%2B861065543800&agent=1001"
    headers = {"Authorization": f"Bearer {key}"}
    product = (executable, str(HERE / "ours.py"))
    hand = {"BENCH_UPSTREAM": upstream, "BENCH_PORT": "18913", "BENCH_DATABASE": _for_sqlalchemy(database)}
    found = [
        Contestant("Tieline", product, 18912, "/healthz", pop, {**ours, "BENCH_AUDIT": "on"}, headers),
        Contestant("Tieline, audit off", product, 18912, "/healthz", pop, {**ours, "BENCH_AUDIT": "off"}, headers),
        Contestant("hand-written", (executable, str(HERE / "hand_written.py")), 18913, "/ready", "/pop?phone={digits}", hand),
    ]
    entry = node_red.install(node) if node is not None else None
    if node is not None and entry is not None:
        arguments = node_red.write_flow(node / "flow", port=18914)
        port = {"BENCH_UPSTREAM_PORT": upstream.rpartition(":")[2]}
        found.append(Contestant("Node-RED", ("node", str(entry), *arguments), 18914, "/ready", "/pop?phone={digits}", port))
    return found


def _for_sqlalchemy(database: str) -> str:
    return database.replace("postgresql://", "postgresql+psycopg://", 1)


@contextmanager
def kept_off_the_first_core() -> Iterator[None]:
    """Put this process, and Postgres and nginx which it starts, on the other cores."""
    before = os.sched_getaffinity(0)
    others = before - {0} or before
    with ExitStack() as stack:
        os.sched_setaffinity(0, others)
        stack.callback(os.sched_setaffinity, 0, before)
        yield
