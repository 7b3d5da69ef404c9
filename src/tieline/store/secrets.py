"""Sealed secrets of connections: what people entered, and tokens vendors gave. This room sees bytes; the key never comes here."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import delete, exists, literal, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from tieline.store.tables_configuration import connection_secrets, connections

OF_TOKENS: Final = "token:"
"""What the fields of tokens begin with; no field of a form can, so neither kind ever takes the other's place."""


class Former(NamedTuple):
    """A sealed secret that was replaced, and until when it counts."""

    sealed: bytes
    until: datetime


async def put(tx: AsyncConnection, connection: str, field: str, sealed: bytes, *, now: datetime) -> None:
    """Keep a sealed secret, in place of an earlier one."""
    fields = {"sealed": sealed, "updated_at": now}
    statement = insert(connection_secrets).values(connection=connection, field=field, **fields)
    await tx.execute(statement.on_conflict_do_update(index_elements=["connection", "field"], set_=fields))


async def keep_former(tx: AsyncConnection, connection: str, field: str, *, until: datetime | None) -> None:
    """Keep what is there beside what comes in its place, until then; None: and what was kept from before goes too."""
    table = connection_secrets.c
    kept = {"former": table.sealed if until else None, "former_until": until}
    place = table.connection == connection, table.field == field
    await tx.execute(update(connection_secrets).where(*place).values(kept))


async def formers(conn: AsyncConnection) -> Mapping[str, Mapping[str, Former]]:
    """Return the sealed secrets that were replaced and are kept, by connection and field."""
    found: dict[str, dict[str, Former]] = {}
    for row in await conn.execute(select(connection_secrets).where(connection_secrets.c.former.is_not(None))):
        found.setdefault(row.connection, {})[row.field] = Former(bytes(row.former), row.former_until)
    return found


async def forget_formers(tx: AsyncConnection, *, before: datetime) -> int:
    """Let go of those whose time was over by then, and return how many."""
    over = update(connection_secrets).where(connection_secrets.c.former_until < before)
    return (await tx.execute(over.values(former=None, former_until=None))).rowcount


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
