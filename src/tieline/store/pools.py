"""Pools of raw connections: a stale one is not lent, and whoever is told to end while waiting for one does."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from psycopg_pool import AsyncConnectionPool

from tieline.kit.cancellations import cancellations, heed
from tieline.kit.to_the_end import to_the_end
from tieline.store.database_connect import Connection, is_stale
from tieline.store.database_errors import overload_when_passing


class Pool(AsyncConnectionPool[Connection]):
    """psycopg's pool, which hears every cancellation."""

    async def open(self, wait: bool = False, timeout: float = 30.0) -> None:  # noqa: ASYNC109, FBT001, FBT002 - psycopg's signature
        """Open the pool; one that does not open leaves no connection behind."""
        try:
            await super().open(wait, timeout)
        except BaseException:
            await to_the_end(self.close())
            raise

    async def wait(self, timeout: float = 30.0) -> None:  # noqa: ASYNC109 - likewise
        """Wait until there are as many connections as there shall be at least."""
        before = cancellations()
        await super().wait(timeout)
        heed(before)

    async def getconn(self, timeout: float | None = None) -> Connection:  # noqa: ASYNC109 - likewise
        """Lend a connection."""
        before = cancellations()
        connection = await super().getconn(timeout)
        try:
            heed(before)
        except asyncio.CancelledError:
            await self.putconn(connection)
            raise
        return connection


class HotPool(Pool):
    """Raw connections in autocommit; a passing failure of the database comes out as `Overloaded`."""

    async def getconn(self, timeout: float | None = None) -> Connection:  # noqa: ASYNC109 - psycopg's signature
        """Lend a connection, throwing stale ones away. The pool's own `check` would pause a second before the next one."""
        while is_stale(connection := await super().getconn(timeout)):
            await connection.close()
            await self.putconn(connection)
        return connection

    @contextlib.asynccontextmanager
    async def connection(self, timeout: float | None = None) -> AsyncIterator[Connection]:  # noqa: ASYNC109 - psycopg's signature
        """Lend a connection. Raises: Overloaded: none is free in time, or the database is away."""
        with overload_when_passing():
            connection = await self.getconn(timeout)
            try:
                yield connection
            finally:
                await self.putconn(connection)
