"""More time for a statement that searches everything: what a ring waits for takes five seconds at most, this may take longer."""

from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tieline.store.database_connect import Connection

WITHIN_MS: Final = 900_000
"""A quarter of an hour: a search through ten million rows takes about a minute."""
_TAKE: Final = f"SELECT set_config('statement_timeout', '{WITHIN_MS}', true)"


async def take_time(tx: AsyncConnection) -> None:
    """Let the statements of this transaction take longer."""
    await tx.execute(text(_TAKE))


async def take_time_on(connection: Connection) -> None:
    """Do the same on a driver's connection, within a transaction."""
    await connection.execute(_TAKE.encode())
