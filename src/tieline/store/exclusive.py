"""One process at a time, among all replicas: work done while a session of Postgres holds a lock.

The lock lives and dies with its connection: a process that is killed loses it at once, one whose network is gone within about ten
seconds. Whoever waits for it has it in that moment. Advisory locks of a session need a session: a pooler in front of Postgres
must not share connections between transactions.
"""

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

import psycopg

from tieline.domain.errors import Overloaded
from tieline.kit.to_the_end import to_the_end
from tieline.store.database_connect import Connection, sign_in, signed_in
from tieline.store.database_errors import overload_when_passing

STILL_HELD_EVERY_S: Final = 2.0
STILL_HELD_WITHIN_S: Final = 3.0
_SESSION: Final = """
    SET statement_timeout = 0; SET lock_timeout = 0; SET idle_session_timeout = 0;
    SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 3
"""


async def exclusively(address: str, name: str, work: Callable[[], Awaitable[None]]) -> None:
    """Wait until nobody else does what `name` stands for, then do it; it is cancelled when the lock may be lost.

    Raises: Overloaded: the database is away, or went away meanwhile.
    """
    try:
        async with signed_in(address) as connection:
            await connection.execute(_SESSION)
            await connection.execute("SELECT pg_advisory_lock(%s)", (_key(name),))
            await _work_while_held(connection, work)
    except psycopg.OperationalError as exc:
        raise Overloaded("The lock of an exclusive task is lost.") from exc


@contextlib.asynccontextmanager
async def one_at_a_time(address: str, name: str, *, within_s: float) -> AsyncIterator[None]:
    """Hold the lock `name` for something short that may be done twice if the database goes away meanwhile.

    Raises: Overloaded: somebody else held it too long, or the database is away.
    """
    with overload_when_passing():
        connection = await sign_in(address, autocommit=True)
        try:
            await connection.execute(_SESSION)
            await connection.execute("SELECT set_config('lock_timeout', %s, false)", (f"{round(within_s * 1000)}ms",))
            await connection.execute("SELECT pg_advisory_lock(%s)", (_key(name),))
        except BaseException:
            await connection.close()
            raise
    try:
        yield
    finally:
        await connection.close()


async def _work_while_held(connection: Connection, work: Callable[[], Awaitable[None]]) -> None:
    working = asyncio.ensure_future(work())
    watching = asyncio.create_task(_watch(connection), name="lock")
    try:
        await asyncio.wait([working, watching], return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            working.cancel()
    except asyncio.CancelledError:
        working.cancel()
        raise
    finally:
        watching.cancel()
        await to_the_end(asyncio.wait([working, watching]))  # The lock is let go only when the work has ended.
    if working.cancelled():
        raise Overloaded("The lock of an exclusive task is lost.")
    working.result()


async def _watch(connection: Connection) -> None:
    """Return when the session no longer answers."""
    while True:
        await asyncio.sleep(STILL_HELD_EVERY_S)
        try:
            async with asyncio.timeout(STILL_HELD_WITHIN_S):
                await connection.execute("SELECT 1")
        except (psycopg.Error, TimeoutError):
            return


def _key(name: str) -> int:
    """A name as the 64-bit number that Postgres locks."""
    return int.from_bytes(hashlib.sha256(f"tieline\x1f{name}".encode()).digest()[:8], "big", signed=True)
