"""Whoever is cancelled while a connection is lent to them, wherever psycopg gives way, leaves none to the garbage collector."""

import asyncio
import gc
import warnings
from collections.abc import AsyncIterator

import pytest
from psycopg import waiting
from sqlalchemy import text
from tests.flows.door import patiently
from tests.store.test_database import Way, begin, read

from tieline.store.database import Database, driver
from tieline.store.pools import Pool


@pytest.fixture
async def single(database_url: str) -> AsyncIterator[Database]:
    """One connection for each way: if it is lost, nothing is left to lend."""
    opened = await Database.open(database_url, pool_size=2, acquire_timeout_s=5)
    yield opened
    await opened.aclose()


class Busy:
    """An event loop so busy that psycopg gives way at every call, also where there is nothing to wait for.

    The `at`-th time it does, `task` is cancelled.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.task: asyncio.Task[None] | None = None
        self.at = self.seen = 0
        monkeypatch.setattr(waiting, "MAX_BUSY_TIME", -1.0)
        monkeypatch.setattr(waiting, "sleep", self._give_way)

    async def _give_way(self, delay_s: float) -> None:
        self.seen += 1
        if self.seen == self.at and self.task is not None:
            self.task.cancel()
        await asyncio.sleep(delay_s)

    async def cancels(self, task: "asyncio.Task[None]", *, at: int) -> bool:
        """Say whether the task gave way so often, and was cancelled then."""
        self.task, self.at, self.seen = task, at, 0
        await asyncio.wait([task])
        return self.seen >= at


@pytest.mark.parametrize("way", [begin, read])
async def test_a_cancellation_wherever_psycopg_gives_way_loses_no_connection(
    single: Database, way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def use() -> None:
        async with way(single) as run:
            await run("SELECT 1")

    async def is_clean() -> bool:
        """Say whether a transaction is one: nobody has left the connection committing each statement by itself."""
        async with single.begin() as tx:
            await tx.execute(text("SELECT 1"))
            return not (await driver(tx)).autocommit

    await use()
    busy, clean = Busy(monkeypatch), list[bool]()
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        while await busy.cancels(asyncio.create_task(use()), at=len(clean) + 1):
            clean.append(await is_clean())
        gc.collect()
    assert [str(one.message) for one in said] == []
    assert (set(clean), await is_clean()) == ({True}, True)


@pytest.mark.parametrize("steps", range(8))
async def test_whoever_is_told_to_end_in_the_moment_a_connection_becomes_free_does_and_leaves_it(
    single: Database, steps: int
) -> None:
    async def use() -> None:
        async with single.pool.connection():
            await asyncio.Event().wait()

    lent = await single.pool.getconn()
    task = asyncio.create_task(use())
    async for _ in patiently("nobody waits for the connection"):
        if single.pool.get_stats().get("requests_waiting"):
            break
    await single.pool.putconn(lent)
    for _ in range(steps):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task], timeout=5)
    assert task.cancelled()
    async with single.pool.connection() as connection:
        await connection.execute("SELECT 1")


@pytest.mark.parametrize("steps", range(6))
async def test_a_pool_whose_opening_is_cancelled_in_the_moment_it_is_full_is_closed(database_url: str, steps: int) -> None:
    pool = Pool(database_url, min_size=1, open=False)
    opening = asyncio.create_task(pool.open(wait=True))
    async with asyncio.timeout(20):
        while not pool.get_stats()["pool_available"]:  # noqa: ASYNC110 - every turn of the event loop counts
            await asyncio.sleep(0)
    for _ in range(steps):
        await asyncio.sleep(0)
    if opening.cancel():
        await asyncio.wait([opening], timeout=5)
        assert (opening.cancelled(), pool.closed) == (True, True)
    else:
        await pool.close()
