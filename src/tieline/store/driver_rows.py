"""Plain statements within an open transaction, for what runs on every call event, at a quarter of the expression layer's cost."""

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from psycopg.rows import class_row
from sqlalchemy.ext.asyncio import AsyncConnection

from tieline.store.database_connect import Connection

Kind = TypeVar("Kind")


async def execute(tx: AsyncConnection, statement: str, values: Mapping[str, Any]) -> int:
    """Run a statement and return how many rows it touched."""
    return (await _driver(tx).execute(statement.encode(), values)).rowcount


async def column(tx: AsyncConnection, statement: str, values: Mapping[str, Any]) -> list[Any]:
    """Return the first column of what a statement finds."""
    return [row[0] for row in await (await _driver(tx).execute(statement.encode(), values)).fetchall()]


async def rows(tx: AsyncConnection, kind: type[Kind], statement: str, values: Mapping[str, Any]) -> list[Kind]:
    """Return what a statement finds, each row as one `kind`, whose fields the columns are named for."""
    async with _driver(tx).cursor(row_factory=class_row(kind)) as cursor:
        await cursor.execute(statement.encode(), values)
        return await cursor.fetchall()


def _driver(tx: AsyncConnection) -> Connection:
    """Return the psycopg connection under an open transaction, without a step through the greenlet."""
    if tx.sync_connection is None:
        message = "the transaction is not open"
        raise RuntimeError(message)
    return cast("Connection", tx.sync_connection.connection.driver_connection)
