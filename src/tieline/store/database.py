"""The way to Postgres: transactions, plain reads, the raw pool of the hot path, and notifications.

async with database.begin() as tx      one transaction, READ COMMITTED, SQLAlchemy Core
await database.transact(work)          the same around `work`, which is done anew where Postgres let it go in a deadlock
async with database.read() as conn     statements that each commit by themselves
async with database.pool.connection()  raw psycopg, autocommit, prepared: for what runs on every call
async with database.listen(…) as notes LISTEN that survives the loss of its connection
"""

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from typing import Self, TypeVar, cast

import psycopg
from sqlalchemy.ext.asyncio import AsyncConnection

from tieline.domain.errors import Overloaded
from tieline.kit.to_the_end import to_the_end
from tieline.store.database_connect import (
    PREPARE_AFTER,
    Connection,
    full_address,
    require_version,
    signed_in,
    unreachable,
)
from tieline.store.database_errors import overload_when_passing, was_let_go
from tieline.store.engine import Engine
from tieline.store.exclusive import exclusively, one_at_a_time
from tieline.store.notifications import Note, listen
from tieline.store.pools import HotPool

Transaction = AsyncConnection
"""What `begin` lends, named so that services can say it without knowing SQLAlchemy."""

Result = TypeVar("Result")
DEFAULT_POOL_SIZE = 10
ACQUIRE_TIMEOUT_S = 1.0
OPEN_TIMEOUT_S = 10.0
LET_GO_AT_MOST = 3


class Database:
    """One process's connections to one database, half of them for each of the two ways."""

    def __init__(self, address: str, engine: Engine, pool: HotPool) -> None:
        self.pool = pool
        self._address = address
        self._engine = engine

    @classmethod
    async def open(cls, url: str, *, pool_size: int = DEFAULT_POOL_SIZE, acquire_timeout_s: float | None = None) -> Self:
        """Connect to Postgres 15 or newer. `pool_size` connections at most, besides one for each `listen`.

        Whoever finds all of them lent waits `acquire_timeout_s`; None: `ACQUIRE_TIMEOUT_S`.

        Raises: ConfigRefused: the server cannot be reached, refuses us, or is too old. Overloaded: it is too busy just now.
        """
        address = full_address(url)
        patience_s = ACQUIRE_TIMEOUT_S if acquire_timeout_s is None else acquire_timeout_s
        half = max(1, pool_size // 2)
        pool = HotPool(
            address,
            min_size=1,
            max_size=half,
            timeout=patience_s,
            kwargs={"autocommit": True, "prepare_threshold": PREPARE_AFTER},
            open=False,
            name="tieline-hot",
        )
        await _probe(address)
        with overload_when_passing():
            await pool.open(wait=True, timeout=OPEN_TIMEOUT_S)
        return cls(address, Engine(address, size=max(1, pool_size - half), acquire_timeout_s=patience_s), pool)

    async def aclose(self) -> None:
        """Close every connection, also when cancelled meanwhile; one that is lent is closed as it comes back."""
        await to_the_end(self._close())

    async def _close(self) -> None:
        await self.pool.close()
        await self._engine.aclose()

    @contextlib.asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        """Open a transaction: committed at the end, rolled back on any error. Raises: Overloaded."""
        with overload_when_passing():
            async with self._engine.transactions.begin() as tx:
                yield tx

    async def transact(self, work: Callable[[Transaction], Awaitable[Result]]) -> Result:
        """Do work in a transaction, anew where the database let that go: of two that wait for one another it ends one.

        Raises: Overloaded.
        """
        for _ in range(LET_GO_AT_MOST):
            try:
                async with self.begin() as tx:
                    return await work(tx)
            except Overloaded as exc:
                if not was_let_go(exc):
                    raise
        raise Overloaded("the database let go of this again and again", code="database_busy")

    @contextlib.asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """Lend a connection without a transaction around its statements. Raises: Overloaded."""
        with overload_when_passing():
            async with self._engine.reading() as connection:
                yield connection

    def listen(self, *channels: str) -> contextlib.aclosing[AsyncGenerator[Note, None]]:
        """Lend an ear for what is notified on `channels`; see `tieline.store.notifications`."""
        return contextlib.aclosing(listen(self._address, channels))

    def one_at_a_time(self, name: str, *, within_s: float) -> contextlib.AbstractAsyncContextManager[None]:
        """Hold a lock for something short; see `tieline.store.exclusive`. Raises: Overloaded."""
        return one_at_a_time(self._address, name, within_s=within_s)

    async def exclusively(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Do something that one process at a time may do; see `tieline.store.exclusive`. Raises: Overloaded."""
        await exclusively(self._address, name, work)


async def driver(tx: AsyncConnection) -> Connection:
    """Return the psycopg connection under a transaction, for COPY and for enqueueing jobs within it."""
    return cast("Connection", (await tx.get_raw_connection()).driver_connection)


async def _probe(address: str) -> None:
    try:
        async with signed_in(address) as connection:
            require_version(connection.info.server_version)
    except psycopg.OperationalError as exc:
        raise unreachable(exc) from exc
