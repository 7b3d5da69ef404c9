"""F41 by real signals: a worker is stopped in the middle of a hundred deliveries, sleeps beyond its claims, and wakes up.

What it was about to commit is refused by the fence: meanwhile another worker has told the same under the same keys.
"""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from structlog.testing import capture_logs
from tests.faults.mortal import NOTES, desk_of
from tests.faults.proxy import Exchange, proxy
from tests.faults.shop_server import Ledger, ledger
from tests.flows.door import patiently

import tieline
from tieline.domain.delivery import Effect
from tieline.services.delivery import carrying
from tieline.services.delivery.promise import promise_all
from tieline.store import delivery_claims
from tieline.store.database import Database
from tieline.worker.edge import catch

AT_ONCE: Final = 50
ROUNDS: Final = 2
LEASE_S: Final = 3.0
"""Instead of 30 s: long enough to send fifty requests on a busy machine, short enough to be slept through."""


def order(number: int) -> str:
    return f"ticket:t-{number}"


async def promised(database: Database) -> None:
    wanted = [
        Effect(
            connection="shop",
            operation="ticket.create",
            object_kind="ticket",
            object_id=f"t-{number}",
            order_key=order(number),
            inputs={"note": "once"},
            key=f"key-{number}",
        )
        for number in range(AT_ONCE * ROUNDS)
    ]
    async with database.begin() as tx:
        await promise_all(tx, wanted, now=datetime.now(UTC))


async def carry(database: Database, port: int, numbers: range) -> None:
    async with desk_of(database, port) as desk:
        work = (carrying.carry(desk, "shop", [order(number)], has_turn=True, catch=catch) for number in numbers)
        await asyncio.gather(*work)


@asynccontextmanager
async def sleeper(url: str, port: int) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a worker of its own that carries fifty deliveries for each line it reads, and says when it has."""
    root = Path(__file__).parents[2]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.faults.test_zombie", url, str(port)),
        cwd=root,
        env={**os.environ, "PYTHONPATH": f"{Path(tieline.__file__).parents[1]}:{root}"},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.kill()
        await process.wait()


async def test_a_worker_that_wakes_up_after_its_claims_commits_nothing(database: Database, database_url: str) -> None:
    async with database.pool.connection() as connection:
        await connection.execute(NOTES.encode())
    await promised(database)
    awake = asyncio.Event()

    async def answer_late(exchange: Exchange) -> None:
        reply = await exchange.forward()
        await awake.wait()
        await exchange.answer(reply)

    fenced = 0
    async with ledger() as shop, proxy(shop.port, answer_late) as between, sleeper(database_url, between.port) as zombie:
        assert zombie.stdin is not None
        assert zombie.stdout is not None
        for turn in range(ROUNDS):
            awake.clear()
            zombie.stdin.write(f"{turn * AT_ONCE}\n".encode())
            await reached(shop, AT_ONCE * (turn + 1))
            os.kill(zombie.pid, signal.SIGSTOP)
            await lapsed(database)
            await carry(database, shop.port, range(turn * AT_ONCE, (turn + 1) * AT_ONCE))
            assert await counted(database, "deliveries WHERE state = 'delivered'") == AT_ONCE * (turn + 1)
            awake.set()
            os.kill(zombie.pid, signal.SIGCONT)
            fenced += int(await asyncio.wait_for(zombie.stdout.readline(), 90))
    many = AT_ONCE * ROUNDS
    assert fenced == many, "every one of its commits was refused"
    assert (len(shop.effects), set(shop.effects.values())) == (many, {1})
    assert await counted(database, "trial_notes") == many, "the owner heard of each once"
    assert await counted(database, "deliveries WHERE state = 'delivered' AND fence = 2 AND crashes = 0") == many


async def reached(shop: Ledger, count: int) -> None:
    async for _ in patiently("the worker never sent", within_s=90):
        if len(shop.effects) == count:
            return


async def lapsed(database: Database) -> None:
    """Wait, by the database's clock, until every claim of the sleeper is over."""
    async for _ in patiently("the claims never lapsed", within_s=90):
        if not await counted(database, "deliveries WHERE state = 'claimed' AND due_at > clock_timestamp()"):
            return


async def counted(database: Database, query: str) -> int:
    async with database.pool.connection() as connection:
        row = await (await connection.execute(f"SELECT count(*) FROM {query}".encode())).fetchone()  # noqa: S608 - ours
    return int(row[0]) if row else 0


async def be_the_sleeper(url: str, port: int) -> None:
    """Carry fifty deliveries for each line, and say how many of the commits were refused."""
    delivery_claims.LEASE_S = LEASE_S  # type: ignore[misc] # this worker's claims alone
    database = await Database.open(url, pool_size=16)
    while line := await asyncio.to_thread(sys.stdin.readline):
        with capture_logs() as said:
            await carry(database, port, range(int(line), int(line) + AT_ONCE))
        print(sum(entry["event"] == "delivery.fenced" for entry in said), flush=True)  # noqa: T201 - this is how it answers


if __name__ == "__main__":
    asyncio.run(be_the_sleeper(sys.argv[1], int(sys.argv[2])))
