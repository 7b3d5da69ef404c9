import asyncio
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager

import psycopg
import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from tieline.domain.errors import ConfigRefused, Overloaded
from tieline.store import migrate
from tieline.store.database import LET_GO_AT_MOST, Database, Transaction, driver
from tieline.store.database_connect import require_version
from tieline.store.tables import lines

INSERT = "INSERT INTO lines (number, definition, updated_at) VALUES ('+861', '{}', now())"
OTHERS = (
    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
)

Lent = Callable[[str], Awaitable[object]]
Way = Callable[[Database], AbstractAsyncContextManager[Lent]]


@asynccontextmanager
async def begin(database: Database) -> AsyncIterator[Lent]:
    async with database.begin() as tx:
        yield lambda statement: tx.execute(text(statement))


@asynccontextmanager
async def read(database: Database) -> AsyncIterator[Lent]:
    async with database.read() as conn:
        yield lambda statement: conn.execute(text(statement))


@asynccontextmanager
async def pool(database: Database) -> AsyncIterator[Lent]:
    async with database.pool.connection() as connection:
        yield lambda statement: connection.execute(statement.encode())


EVERY_WAY = pytest.mark.parametrize("way", [begin, read, pool])


def cut_all_connections(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(OTHERS)


@pytest.fixture
async def small(database_url: str) -> AsyncIterator[Database]:
    """One connection for each way, a short wait, and statements that may take a second."""
    opened = await Database.open(
        f"{database_url}?options=-c%20statement_timeout%3D1000%20-c%20lock_timeout%3D500", pool_size=2, acquire_timeout_s=0.6
    )
    yield opened
    await opened.aclose()


async def test_a_transaction_rolls_back_whole(database: Database) -> None:
    async def insert_and_fail() -> None:
        async with database.begin() as tx:
            await tx.execute(text(INSERT))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await insert_and_fail()
    async with database.read() as conn:
        assert (await conn.execute(select(lines.c.number))).all() == []


async def test_each_statement_of_a_reader_commits_by_itself(database: Database) -> None:
    async with database.read() as conn:
        await conn.execute(text(INSERT))
        async with database.read() as other:
            assert (await other.execute(select(lines.c.number))).scalar_one() == "+861"


async def test_the_driver_shares_the_transaction(database: Database) -> None:
    async with database.begin() as tx:
        raw = await driver(tx)
        await raw.execute(INSERT)
        assert (await tx.execute(select(lines.c.number))).scalar_one() == "+861"


@EVERY_WAY
async def test_connections_the_server_closed_while_idle_are_replaced_unseen(
    database: Database, database_url: str, way: Way
) -> None:
    async with AsyncExitStack() as several:
        for _ in range(3):
            await several.enter_async_context(way(database))
    await asyncio.to_thread(cut_all_connections, database_url)
    for _ in range(6):
        async with way(database) as run:
            await run("SELECT 1")


@EVERY_WAY
async def test_no_free_connection_is_overload(small: Database, way: Way) -> None:
    async with way(small):
        with pytest.raises(Overloaded):
            await way(small).__aenter__()


@EVERY_WAY
async def test_a_statement_that_takes_too_long_is_overload(small: Database, way: Way) -> None:
    async def sleep() -> None:
        async with way(small) as run:
            await run("SELECT pg_sleep(30)")

    with pytest.raises(Overloaded):
        await sleep()


async def test_a_lock_that_is_not_to_be_had_is_overload(small: Database, database: Database) -> None:
    async def wait_for_lock() -> None:
        async with small.begin() as tx:
            await tx.execute(text("LOCK TABLE lines"))

    async with database.begin() as holder:
        await holder.execute(text("LOCK TABLE lines"))
        with pytest.raises(Overloaded):
            await wait_for_lock()


async def test_a_violated_constraint_is_no_overload(database: Database) -> None:
    async def insert_twice() -> None:
        async with database.begin() as tx:
            await tx.execute(text(INSERT))
            await tx.execute(text(INSERT))

    with pytest.raises(IntegrityError):
        await insert_twice()


async def test_a_connection_lost_in_the_middle_is_overload_and_heals(database: Database, database_url: str) -> None:
    async def lose_connection() -> None:
        async with database.begin() as tx:
            await tx.execute(text("SELECT 1"))
            await asyncio.to_thread(cut_all_connections, database_url)
            await tx.execute(text("SELECT 1"))

    with pytest.raises(Overloaded):
        await lose_connection()
    async with database.begin() as tx:
        assert (await tx.execute(text("SELECT 1"))).scalar_one() == 1


async def fail(tx: Transaction, sqlstate: str) -> None:
    """Have Postgres itself end the transaction."""
    await tx.execute(text(f"DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '{sqlstate}'; END $$"))


@pytest.mark.parametrize("sqlstate", ["40P01", "40001"])
async def test_a_transaction_that_postgres_let_go_is_done_anew_whole(database: Database, sqlstate: str) -> None:
    begun: list[Transaction] = []

    async def let_go_once(tx: Transaction) -> str:
        begun.append(tx)
        await tx.execute(text(INSERT))
        if len(begun) == 1:
            await fail(tx, sqlstate)
        return "done"

    assert await database.transact(let_go_once) == "done"
    async with database.read() as conn:
        assert (len(begun), len((await conn.execute(select(lines.c.number))).all())) == (2, 1)


@pytest.mark.parametrize(("sqlstate", "times"), [("40P01", LET_GO_AT_MOST), ("57014", 1)], ids=["deadlock", "time-out"])
async def test_what_fails_ever_again_or_was_not_let_go_is_overload(database: Database, sqlstate: str, times: int) -> None:
    begun: list[Transaction] = []

    async def never(tx: Transaction) -> None:
        begun.append(tx)
        await fail(tx, sqlstate)

    with pytest.raises(Overloaded):
        await database.transact(never)
    assert len(begun) == times


async def test_listen_yields_what_is_notified_once_it_is_committed(database: Database) -> None:
    async with database.listen("tieline_config", "tieline_agent") as notes:
        assert (await anext(notes)).resync
        async with database.begin() as tx:
            await tx.execute(text("SELECT pg_notify('tieline_config', 'lines'), pg_notify('elsewhere', 'x')"))
            await tx.execute(text("SELECT pg_notify('tieline_agent', '1001')"))
        async with asyncio.timeout(30):
            heard = [await anext(notes) for _ in range(2)]
    assert [(note.channel, note.payload) for note in heard] == [("tieline_config", "lines"), ("tieline_agent", "1001")]


async def test_a_listener_cut_off_says_so_and_hears_again(database: Database, database_url: str) -> None:
    async with database.listen("tieline_config") as notes:
        assert (await anext(notes)).resync
        await asyncio.to_thread(cut_all_connections, database_url)
        async with asyncio.timeout(30):
            assert (await anext(notes)).resync
            async with database.pool.connection() as connection:
                await connection.execute("SELECT pg_notify('tieline_config', 'agents')")
            assert (await anext(notes)).payload == "agents"


async def test_an_unreachable_server_is_refused_without_telling_the_password() -> None:
    with pytest.raises(ConfigRefused, match="could not be reached") as refused:
        await Database.open("postgresql://tieline:hunter2@127.0.0.1:1/tieline")
    assert "hunter2" not in f"{refused.value} {refused.value.hint}"


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+asyncpg://tieline:hunter2@127.0.0.1/tieline",
        "mysql://tieline:hunter2@127.0.0.1/tieline",
        "postgresql://tieline:hunter2@[::1/tieline",
        "hunter2",
    ],
)
async def test_a_url_that_is_none_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ConfigRefused, match="URL cannot be read") as refused:
        await Database.open(url)
    with pytest.raises(ConfigRefused, match="URL cannot be read"):
        migrate.upgrade(url)
    assert "hunter2" not in "".join(traceback.format_exception(refused.value))


@pytest.mark.parametrize(("version", "shown"), [(140012, "14.12"), (90624, "9.624")])
def test_an_old_server_is_refused(version: int, shown: str) -> None:
    with pytest.raises(ConfigRefused, match=f"Postgres 15 or newer is needed; this server is {shown}"):
        require_version(version)


def test_postgres_15_is_enough() -> None:
    require_version(150000)
