"""Who reads the schema `reporting` and nothing else: one role of the database for each BI tool."""

from typing import Final

from psycopg import errors, sql
from sqlalchemy.ext.asyncio import AsyncConnection

from tieline.domain.errors import ConfigRefused
from tieline.store.database import driver
from tieline.store.database_connect import Connection

MOST_CONNECTIONS: Final = 10
LONGEST_STATEMENT: Final = "60s"
_GRANTS: Final = (
    "GRANT USAGE ON SCHEMA reporting TO {role}",
    "GRANT SELECT ON ALL TABLES IN SCHEMA reporting TO {role}",
    "ALTER DEFAULT PRIVILEGES IN SCHEMA reporting GRANT SELECT ON TABLES TO {role}",
    "ALTER ROLE {role} SET default_transaction_read_only = on",
    "ALTER ROLE {role} SET search_path = reporting",
    "ALTER ROLE {role} SET statement_timeout = {longest}",
)


_REVOKES: Final = (
    "ALTER DEFAULT PRIVILEGES IN SCHEMA reporting REVOKE ALL ON TABLES FROM {role}",
    "REVOKE ALL ON ALL TABLES IN SCHEMA reporting FROM {role}",
    "REVOKE ALL ON SCHEMA reporting FROM {role}",
    "DROP ROLE {role}",
)
_OURS: Final = "reads Tieline's reporting views"


async def grant(tx: AsyncConnection, name: str, password: str) -> None:
    """Let the role `name` in with `password`, made unless there is one, and let it read the views of `reporting` alone.

    Raises: ConfigRefused: a role of this name exists and is none of ours, or our own user may not make roles.
    """
    connection = await driver(tx)
    role, secret = sql.Identifier(name), sql.Literal(password)
    told = await _told(connection, name)
    if told not in {None, _OURS}:
        raise ConfigRefused("a role of this name exists already and was not made for BI", hint="Choose another --name.")
    named = sql.SQL("CREATE ROLE {}" if told is None else "ALTER ROLE {}").format(role)
    let_in = sql.SQL("{} LOGIN CONNECTION LIMIT {} PASSWORD {}").format(named, sql.Literal(MOST_CONNECTIONS), secret)
    try:
        await connection.execute(let_in)
        for statement in _GRANTS:
            await connection.execute(sql.SQL(statement).format(role=role, longest=sql.Literal(LONGEST_STATEMENT)))
        await connection.execute(sql.SQL("COMMENT ON ROLE {} IS {}").format(role, sql.Literal(_OURS)))
    except errors.InsufficientPrivilege as exc:
        raise ConfigRefused(
            "Tieline's user of the database may not make roles",
            hint="Give it CREATEROLE, or let an administrator run the command.",
        ) from exc


async def revoke(tx: AsyncConnection, name: str) -> None:
    """Take away a role that `grant` made. Raises: ConfigRefused: there is none of this name, or it is somebody else's."""
    connection = await driver(tx)
    if await _told(connection, name) != _OURS:
        raise ConfigRefused("there is no role of this name that was made for BI")
    for statement in _REVOKES:
        await connection.execute(sql.SQL(statement).format(role=sql.Identifier(name)))


async def _told(connection: Connection, name: str) -> str | None:
    """Return what a role says of itself, nothing if it says nothing; None: there is no such role."""
    query = "SELECT coalesce(shobj_description(oid, 'pg_authid'), '') FROM pg_roles WHERE rolname = %s"
    found = await (await connection.execute(query, (name,))).fetchone()
    return found[0] if found else None
