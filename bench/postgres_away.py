"""How soon webhooks are thanked for while Postgres is away, and how soon everything is in the inbox when it is back (F31).

    python bench/postgres_away.py                     100 a second: 10 s with Postgres, 60 s without
    python bench/postgres_away.py --every 0.02        50 a second

They come at their own pace, whether or not those before are thanked for, as other systems send them. Server, worker, Postgres and
whoever sends share the machine. A figure of this script's own doing: the same pace of requests that nothing is kept of.
"""

import argparse
import asyncio
import itertools
import os
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import quantiles

import httpx
import structlog

from load import Caller

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.faults.test_postgres_away import set_up
from tests.flows.door import patiently
from tests.flows.replicas import Replica, _environment, _replica
from tests.webhooks.shop import TOKEN

from tieline.store import migrate
from tieline.store.database import Database
from tieline.store.embedded import EmbeddedPostgres

AT_REST_S = 10.0
HEADERS = "host: 127.0.0.1\r\ncontent-type: application/json\r\n"
ACCEPTED, NOT_FOUND = 202, 404
KEPT = "SELECT count(*), count(DISTINCT dedupe_key) FROM inbox WHERE kind = 'event'"
READ = f"{KEPT} AND state = 'done'"


async def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0, help="how long Postgres is away")
    parser.add_argument("--every", type=float, default=0.01, help="seconds from one webhook to the next")
    wish = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    os.environ["TIELINE_TEST_SHOP_TOKEN"] = TOKEN
    with tempfile.TemporaryDirectory(prefix="tieline-bench-") as folder:
        place = Path(folder)
        await asyncio.to_thread(place.chmod, 0o755)
        postgres = EmbeddedPostgres(place / "data")
        url = await asyncio.to_thread(postgres.start)
        await asyncio.to_thread(migrate.upgrade, url)
        server = _replica(_environment(url, await set_up(url, place)), place / "server.log")
        try:
            await server.start()
            await contest(server, postgres, url, away_s=wish.seconds, every_s=wish.every)
        finally:
            await server.kill()
            await server.client.aclose()
            await asyncio.to_thread(postgres.stop)


async def contest(server: Replica, postgres: EmbeddedPostgres, url: str, *, away_s: float, every_s: float) -> None:
    """Send all the while, and print what became of it."""
    shop = Shop(httpx.URL(server.url).port or 0)
    await paced(shop.look, for_s=1.0, every_s=every_s)
    print(f"one webhook every {every_s} s, load {os.getloadavg()[0]:.1f}")
    say("nothing kept (a path that is not there)", await paced(shop.look, for_s=AT_REST_S, every_s=every_s))
    say("Postgres there", await paced(shop.tell, for_s=AT_REST_S, every_s=every_s))
    away = asyncio.create_task(paced(shop.tell, for_s=away_s, every_s=every_s))
    await asyncio.to_thread(postgres.stop)
    say(f"Postgres stopped and away for {away_s:.0f} s", await away)
    await asyncio.to_thread(postgres.start)
    back_s = time.monotonic()
    for what, query in (("in the inbox", KEPT), ("read", READ)):
        await until_there(url, query, shop.told)
        print(f"{time.monotonic() - back_s:.1f} s after Postgres is back all {shop.told} are {what}, each once")


async def until_there(url: str, query: str, count: int) -> None:
    """Wait until a query finds so many, each once."""
    database = await Database.open(url, pool_size=2)
    try:
        async for _ in patiently("something told is missing", within_s=600):
            async with database.pool.connection() as connection:
                found = await (await connection.execute(query.encode())).fetchone()
            if found == (count, count):
                return
    finally:
        await database.aclose()


class Shop:
    """Tells of one order after the other, over connections that are kept; whoever is due finds one or waits for it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._numbers = itertools.count()
        self._free: list[Caller] = []
        self.told = 0

    async def look(self) -> None:
        """Ask for what is not there."""
        assert await self._ask(f"GET /v1/nothing-here HTTP/1.1\r\n{HEADERS}\r\n") == NOT_FOUND  # noqa: S101 - a script

    async def tell(self) -> None:
        """Tell one thing that is thanked for."""
        number = next(self._numbers)
        body = f'{{"events": [{{"kind": "order", "version": 1, "order": {{"id": "SO-{number}", "state": "new"}}}}]}}'
        headers = f"{HEADERS}x-shop-token: {TOKEN}\r\nx-delivery: d-{number}\r\ncontent-length: {len(body)}\r\n"
        answer = await self._ask(f"POST /v1/webhooks/shop HTTP/1.1\r\n{headers}\r\n{body}")
        assert answer == ACCEPTED, answer  # noqa: S101 - a script
        self.told += 1

    async def _ask(self, request: str) -> int:
        if self._free:
            caller = self._free.pop()
        else:
            _, caller = await asyncio.get_running_loop().create_connection(Caller, "127.0.0.1", self._port)
        status = await caller.ask(request.encode())
        self._free.append(caller)
        return status


async def paced(send: Callable[[], Awaitable[None]], *, for_s: float, every_s: float) -> list[float]:
    """Send at a pace and return how long each took, counted from the moment it was due."""
    began_s = time.monotonic()

    async def one(due_s: float) -> float:
        await asyncio.sleep(due_s - time.monotonic())
        await send()
        return time.monotonic() - due_s

    return list(await asyncio.gather(*(one(began_s + number * every_s) for number in range(round(for_s / every_s)))))


def say(name: str, took_s: list[float]) -> None:
    """Print the figures of one stretch."""
    cuts = quantiles(took_s, n=100, method="inclusive")
    p50, p95, p99 = cuts[49], cuts[94], cuts[98]
    print(f"{name:<42} {len(took_s):>5}: p50 {p50:.3f} s, p95 {p95:.3f} s, p99 {p99:.3f} s, slowest {max(took_s):.3f} s")


if __name__ == "__main__":
    asyncio.run(main())
