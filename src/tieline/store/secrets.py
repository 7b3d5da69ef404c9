"""Sealed secrets of connections: what people entered, and tokens vendors gave. This room sees bytes; the key never comes here."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import delete, exists, literal, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from tieline.store.tables_configuration import connection_secrets, connections

OF_TOKENS: Final = "token:"
"""What the fields of tokens begin with; no field of a form can, so neither kind ever takes the other's place."""


async def put(tx: AsyncConnection, connection: str, field: str, sealed: bytes, *, now: datetime) -> None:
    """Keep a sealed secret, in place of an earlier one."""
    fields = {"sealed": sealed, "updated_at": now}
    statement = insert(connection_secrets).values(connection=connection, field=field, **fields)
    await tx.execute(statement.on_conflict_do_update(index_elements=["connection", "field"], set_=fields))


async def of_all(conn: AsyncConnection) -> Mapping[str, Mapping[str, bytes]]:
    """Return every connection's sealed secrets, as people entered them, by field."""
    found: dict[str, dict[str, bytes]] = {}
    entered = connection_secrets.c.field.not_like(f"{OF_TOKENS}%")
    for row in await conn.execute(select(connection_secrets).where(entered)):
        found.setdefault(row.connection, {})[row.field] = bytes(row.sealed)
    return found


async def keep_only(tx: AsyncConnection, connection: str, fields: set[str]) -> int:
    """Drop a connection's secrets for fields it no longer has and return how many. Tokens stay."""
    field = connection_secrets.c.field
    unwanted = connection_secrets.c.connection == connection, field.not_in(fields), field.not_like(f"{OF_TOKENS}%")
    return (await tx.execute(delete(connection_secrets).where(*unwanted))).rowcount


async def token(conn: AsyncConnection, connection: str, name: str) -> bytes | None:
    """Return a sealed token."""
    place = connection_secrets.c.connection == connection, connection_secrets.c.field == f"{OF_TOKENS}{name}"
    found = (await conn.execute(select(connection_secrets.c.sealed).where(*place))).scalar_one_or_none()
    return None if found is None else bytes(found)


async def put_token(tx: AsyncConnection, connection: str, name: str, sealed: bytes, *, now: datetime) -> None:
    """Keep a sealed token, in place of an earlier one; of a connection that is gone, nothing is kept."""
    row = select(literal(connection), literal(f"{OF_TOKENS}{name}"), literal(sealed), literal(now))
    known = row.where(exists().where(connections.c.name == connection))
    statement = insert(connection_secrets).from_select(["connection", "field", "sealed", "updated_at"], known)
    newer = {"sealed": statement.excluded.sealed, "updated_at": statement.excluded.updated_at}
    await tx.execute(statement.on_conflict_do_update(index_elements=["connection", "field"], set_=newer))
