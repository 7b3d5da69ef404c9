"""What masks, the audit and the sign-in cost of a screen pop's processor time: each switched off in turn, in one process.

    python bench/safety.py                 forty rounds of 25 pops a variant
    python bench/safety.py --rounds 10     fewer

One process serves the whole application with nginx and Postgres real, four callers at once; batches of every variant take turns,
so that whatever else the machine does falls on all of them alike. Printed are the medians of the rounds and their ratio to the
whole; the promise is 15 % for the three together. The product has none of these switches.
"""

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, MutableMapping
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from statistics import median
from typing import Any, Final
from unittest.mock import patch

from fastapi import FastAPI

sys.path.insert(0, str(Path(__file__).parent))

from processes import Served
from screen_pop import ours, upstreams
from tieline import doors, wiring
from tieline.connectors.registry import Catalog
from tieline.observability.logs import set_up_logs
from tieline.security.masking_policy import Policy
from tieline.security.permissions import PERMISSIONS, Caller
from tieline.services import screen_pop
from tieline.store.embedded import EmbeddedPostgres

PORT, CALLERS, POPS = 18921, 4, 25
NOBODY: Final = Caller(actor="bench", role="service", scopes=frozenset(PERMISSIONS))


@contextmanager
def no_masks() -> Iterator[None]:
    """Hand every document out as it is."""
    with patch.object(Policy, "apply", lambda _self, _role, document, **_: dict(document)):
        yield


@contextmanager
def no_audit() -> Iterator[None]:
    """Keep the pop in memory and write no entry about it."""
    with patch.object(screen_pop, "audit_of", lambda *_, **__: None):
        yield


@contextmanager
def no_sign_in(app: FastAPI) -> Iterator[None]:
    """Take everybody for the same machine."""

    async def somebody(_self: object, _request: object) -> Caller:
        return NOBODY

    with patch.object(type(app.state.gate), "caller_of", somebody):
        yield


def variants(app: FastAPI) -> Mapping[str, tuple[Callable[[], Any], ...]]:
    """Return what is switched off for each."""

    def anybody() -> Any:  # noqa: ANN401 - a context
        return no_sign_in(app)

    return {
        "everything on": (),
        "without masks": (no_masks,),
        "without audit": (no_audit,),
        "without sign-in": (anybody,),
        "without the three": (no_masks, no_audit, anybody),
    }


async def asked(app: FastAPI, key: str, number: int) -> None:
    """Ask as a softphone does, past the sockets."""
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": "/v1/screen-pop",
        "raw_path": b"/v1/screen-pop",
        "query_string": b"phone=%%2B86138%08d&line=%%2B861065543800&agent=1001" % number,
        "headers": [(b"host", b"127.0.0.1"), (b"authorization", f"Bearer {key}".encode())],
        "client": ("127.0.0.1", 5000),
        "server": ("127.0.0.1", PORT),
        "state": {},
    }
    started: list[int] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            started.append(message["status"])

    await app(scope, receive, send)
    if started != [200]:
        message = f"the pop was answered {started}"
        raise RuntimeError(message)


class Numbers:
    """Every caller is a new one, so that no cache helps."""

    def __init__(self) -> None:
        self.last = 0

    def __call__(self) -> int:
        """Return the next one's number."""
        self.last += 1
        return self.last % ours.PEOPLE


async def batch(app: FastAPI, key: str, numbers: Numbers) -> float:
    """Return µs of processor time a pop took."""
    begun = time.process_time()

    async def caller() -> None:
        for _ in range(POPS // CALLERS + 1):
            await asked(app, key, numbers())

    await asyncio.gather(*(caller() for _ in range(CALLERS)))
    return 1e6 * (time.process_time() - begun) / (CALLERS * (POPS // CALLERS + 1))


async def measure(app: FastAPI, key: str, rounds: int) -> dict[str, list[float]]:
    """Let all variants take turns; the first round warms up and counts for nothing."""
    seen: dict[str, list[float]] = {name: [] for name in variants(app)}
    numbers = Numbers()
    for number in range(rounds + 1):
        for name, switches in variants(app).items():
            with ExitStack() as off:
                for switch in switches:
                    off.enter_context(switch())
                took = await batch(app, key, numbers)
            if number:
                seen[name].append(took)
    return seen


@asynccontextmanager
async def application(folder: Path) -> AsyncIterator[tuple[FastAPI, str]]:
    """Give the whole application, and a key for it."""
    postgres = EmbeddedPostgres(folder / "data")
    configuration = upstreams.write_nginx_configuration(folder / "nginx", port=PORT - 1)
    upstream = f"http://127.0.0.1:{PORT - 1}"
    env = {
        "BENCH_DATA": str(folder),
        "BENCH_DATABASE": await asyncio.to_thread(postgres.start),
        "BENCH_PORT": str(PORT),
        "BENCH_UPSTREAM_PORT": str(PORT - 1),
    }
    settings = ours.settings_from(env)
    try:
        with Served("nginx", upstreams.nginx_command(configuration), cores={0, 1}, ready_url=f"{upstream}/ready", env={}):
            key = await ours.prepare(settings, upstream)
            async with wiring.house_of(settings, env["BENCH_DATABASE"], Catalog()) as house:
                yield doors.app_of(house, settings), key
    finally:
        await asyncio.to_thread(postgres.stop)


async def main(rounds: int) -> None:
    """Measure and print."""
    set_up_logs(level="error", log_format="json")
    with tempfile.TemporaryDirectory(prefix="tieline-bench-") as made:
        folder = Path(made)
        os.chmod(made, 0o755)  # noqa: PTH101, S103 - run by root, Postgres runs as nobody
        async with application(folder) as (app, key):
            seen = await measure(app, key, rounds)
    whole = median(seen["everything on"])
    print(f"{rounds} rounds of {POPS} pops, {CALLERS} callers; load {os.getloadavg()[0]:.1f}")
    for name, took in seen.items():
        print(f"{name:18} {median(took):7.0f} µs a pop (least {min(took):.0f}), saves {1 - median(took) / whole:6.1%}")
    pairs = [1 - off / on for on, off in zip(seen["everything on"], seen["without the three"], strict=True)]
    print(f"the three together, by round: median {median(pairs):.1%} of a pop's processor time; asked for: 15 % at most")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=40)
    asyncio.run(main(parser.parse_args().rounds))
