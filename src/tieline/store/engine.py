"""SQLAlchemy's connections: stale ones are found for free, and none stays open once the engine is closed."""

import contextlib
from collections.abc import AsyncIterator
from typing import Final

import psycopg
from sqlalchemy import AdaptedConnection, event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from tieline.store.database_connect import Connection, is_stale, sign_in


class Engine:
    """Lends connections, `size` at most: `transactions.begin()` within one, `reading()` without."""

    def __init__(self, address: str, *, size: int, acquire_timeout_s: float) -> None:
        self._address = address
        self._closed = False
        self.transactions: Final = create_async_engine(
            "postgresql+psycopg://", async_creator=self._connect, pool_size=size, max_overflow=0, pool_timeout=acquire_timeout_s
        )
        event.listen(self.transactions.sync_engine, "checkout", _refuse_stale)
        event.listen(self.transactions.sync_engine, "checkin", self._let_go)

    @contextlib.asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """Lend a connection each of whose statements commits by itself.

        It is switched once it is lent, and thrown away when that breaks off: psycopg gives way to other tasks even where it has
        nothing to wait for, so one may be cancelled in between. An engine with the option of its own switches before it lends;
        what breaks off there belongs to nobody (SQLAlchemy 2.1.9, psycopg 3.3.9).
        """
        async with self.transactions.connect() as connection:
            try:
                await connection.execution_options(isolation_level="AUTOCOMMIT")
            except BaseException:
                await connection.invalidate()
                raise
            yield connection

    async def aclose(self) -> None:
        """Close what lies in the pool; what is lent is closed as it comes back, and nothing is lent any more."""
        self._closed = True
        await self.transactions.dispose()

    async def _connect(self) -> Connection:
        if self._closed:
            raise psycopg.OperationalError("the engine is closed")
        return await sign_in(self._address)

    def _let_go(self, _adapted: AdaptedConnection | None, entry: ConnectionPoolEntry) -> None:
        """Keep nothing that comes back late: the pool it belongs to is gone, and only the garbage collector would find it."""
        if self._closed:
            entry.invalidate()


def _refuse_stale(adapted: AdaptedConnection, _record: object, _fairy: object) -> None:
    if is_stale(adapted.driver_connection):
        raise DisconnectionError
