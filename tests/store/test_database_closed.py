"""A database that is closed leaves no connection behind, whatever was under way: the garbage collector has nothing to find."""

import asyncio
from contextlib import AsyncExitStack

import psycopg
import pytest
from sqlalchemy import text
from tests.store.test_database import EVERY_WAY, Way, begin

from tieline.domain.errors import Overloaded
from tieline.store.database import Database

OTHERS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE %s"


def others(url: str, doing: str) -> int:
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(OTHERS, (doing,)).fetchone()
    assert row is not None
    return int(row[0])


async def until_others_are(url: str, count: int, *, doing: str = "%") -> None:
    """Wait until so many others are connected, by what they did last. Postgres notices later that somebody has hung up."""
    async with asyncio.timeout(20):
        while others(url, doing) != count:  # noqa: ASYNC110 - the other end is a server, not an event
            await asyncio.sleep(0.01)


@EVERY_WAY
async def test_what_is_lent_while_it_closes_is_closed_as_it_comes_back(database_url: str, way: Way) -> None:
    database = await Database.open(database_url, pool_size=4)
    async with way(database) as run:
        await run("SELECT 1")
        await database.aclose()
        await until_others_are(database_url, 1)
    await until_others_are(database_url, 0)


@EVERY_WAY
async def test_a_closed_database_lends_nothing(database_url: str, way: Way) -> None:
    database = await Database.open(database_url, pool_size=4)
    await database.aclose()
    async with AsyncExitStack() as stack:
        with pytest.raises(Overloaded):
            await stack.enter_async_context(way(database))
    await until_others_are(database_url, 0)


async def test_whoever_waits_for_a_connection_while_it_closes_gets_none(database_url: str) -> None:
    database = await Database.open(database_url, pool_size=2, acquire_timeout_s=5)

    async def wait_for_it() -> None:
        async with begin(database):
            pass

    async with begin(database):
        waiting = asyncio.create_task(wait_for_it())
        await asyncio.sleep(0)
        await database.aclose()
    with pytest.raises(Overloaded):
        await waiting
    await until_others_are(database_url, 0)


async def test_a_close_that_is_cancelled_closes_all_the_same(database_url: str) -> None:
    database = await Database.open(database_url, pool_size=4)
    async with database.begin() as tx, database.pool.connection():
        await tx.execute(text("SELECT 1"))
    closing = asyncio.create_task(database.aclose())
    for _ in range(3):
        await asyncio.sleep(0)
        closing.cancel()
    await asyncio.wait([closing])
    await until_others_are(database_url, 0)


async def test_who_stops_listening_in_the_middle_of_a_note_hangs_up(database: Database, database_url: str) -> None:
    busy = asyncio.Event()

    async def hear() -> None:
        async with database.listen("tieline_config") as notes:
            async for _ in notes:
                busy.set()
                await asyncio.Event().wait()

    hearing = asyncio.create_task(hear())
    await busy.wait()
    await until_others_are(database_url, 1, doing="LISTEN%")
    hearing.cancel()
    await asyncio.wait([hearing])
    await until_others_are(database_url, 0, doing="LISTEN%")
