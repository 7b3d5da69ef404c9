"""One way to connect to Postgres for every pool: time limits, dead peers noticed, stale connections found for free."""

import asyncio
import contextlib
import select
from collections.abc import AsyncIterator
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tieline.domain.errors import ConfigRefused
from tieline.kit.to_the_end import to_the_end

STATEMENT_LIMITS_MS = {
    "statement_timeout": 5_000,
    "lock_timeout": 2_000,
    "idle_in_transaction_session_timeout": 10_000,
}
DEAD_PEER = {"keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3, "tcp_user_timeout": 5_000}
"""Seconds, seconds, probes, milliseconds: a server that vanished without a word is noticed within about ten seconds."""

OLDEST_SERVER = 150000
CONNECT_TIMEOUT_S = 5
PREPARE_AFTER = 2

Connection = psycopg.AsyncConnection[tuple[Any, ...]]


def read_address(url: str) -> str:
    """Return the operator's URL as libpq understands it. Raises: ConfigRefused: it does not; the sentence repeats no part."""
    try:
        return make_conninfo("", **conninfo_to_dict(url))
    except psycopg.ProgrammingError:
        raise ConfigRefused(
            "the database URL cannot be read", code="database_url", hint="write postgresql://user:password@host:5432/name"
        ) from None  # libpq's own text repeats the URL, password and all.


def full_address(url: str) -> str:
    """Add our limits to the operator's URL; what the operator wrote there himself wins. Raises: ConfigRefused."""
    given = conninfo_to_dict(read_address(url))
    limits = " ".join(f"-c {name}={value}" for name, value in STATEMENT_LIMITS_MS.items())
    ours: dict[str, Any] = {"application_name": "tieline", "connect_timeout": CONNECT_TIMEOUT_S, **DEAD_PEER}
    options = f"{limits} {given.pop('options', None) or ''}".strip()
    return make_conninfo("", **{**ours, **given, "options": options})


async def sign_in(address: str, *, autocommit: bool = False) -> Connection:
    """Open a connection. Whoever is cancelled meanwhile leaves none half open: it is waited for and closed.

    psycopg leaves the socket of a cancelled sign-in to the garbage collector, and Postgres waits a minute for the rest of it.
    """
    opening = asyncio.ensure_future(psycopg.AsyncConnection.connect(address, autocommit=autocommit))
    try:
        return await to_the_end(opening)
    except asyncio.CancelledError:
        if not opening.cancelled() and opening.exception() is None:
            await opening.result().close()
        raise


@contextlib.asynccontextmanager
async def signed_in(address: str) -> AsyncIterator[Connection]:
    """Lend a connection of one's own, in autocommit, closed at the end.

    psycopg's own `async with` asks for a rollback first, and leaves the connection open when cancelled over it.
    """
    connection = await sign_in(address, autocommit=True)
    try:
        yield connection
    finally:
        await connection.close()  # Waits for nothing, so nothing comes between.


def require_version(server_version: int) -> None:
    """Refuse a server that lacks what the queries use. `server_version` is as libpq counts, 150004 for 15.4."""
    if server_version < OLDEST_SERVER:
        found = f"{server_version // 10000}.{server_version % 10000}"
        raise ConfigRefused(f"Postgres 15 or newer is needed; this server is {found}", code="database_too_old")


def unreachable(exc: psycopg.OperationalError) -> ConfigRefused:
    """Return the error for a server that does not let us in; libpq's first line says why, without the password."""
    return ConfigRefused("the database could not be reached", code="database_unreachable", hint=str(exc).partition("\n")[0])


def is_stale(connection: Connection) -> bool:
    """Say whether the server has closed a connection lying in a pool, without asking it anything: 3 µs, no round trip.

    An idle connection has nothing to read; if there is something, it is the end, or a farewell before it. (Or the notice of a
    changed server setting, for which a fresh connection is no loss.)
    """
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))
