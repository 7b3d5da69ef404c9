"""Sealed secrets of connections. This room sees bytes; the key never comes here."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from tieline.store.tables_configuration import connection_secrets


async def put(tx: AsyncConnection, connection: str, field: str, sealed: bytes, *, now: datetime) -> None:
    """Keep a sealed secret, in place of an earlier one."""
    fields = {"sealed": sealed, "updated_at": now}
    statement = insert(connection_secrets).values(connection=connection, field=field, **fields)
    await tx.execute(statement.on_conflict_do_update(index_elements=["connection", "field"], set_=fields))


async def of_all(conn: AsyncConnection) -> Mapping[str, Mapping[str, bytes]]:
    """Return every connection's sealed secrets by field."""
    found: dict[str, dict[str, bytes]] = {}
    for row in await conn.execute(select(connection_secrets)):
        found.setdefault(row.connection, {})[row.field] = bytes(row.sealed)
    return found


async def keep_only(tx: AsyncConnection, connection: str, fields: set[str]) -> int:
    """Drop a connection's secrets for fields it no longer has and return how many."""
    unwanted = connection_secrets.c.connection == connection, connection_secrets.c.field.not_in(fields)
    return (await tx.execute(delete(connection_secrets).where(*unwanted))).rowcount
