"""Two transactions made to meet: one is begun beside the test's own, and is known to stand still at what the test holds."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

from tests.flows.door import patiently

from tieline.store.database import Database

Result = TypeVar("Result")
ADVISORY_HERE: Final = "locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
"""Rows of pg_locks for locks with a name, in this database alone: it shows those of every test that runs on the same server."""
_WAITING: Final = b"""
    SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


async def until_one_waits(database: Database) -> None:
    """Return once somebody in this database waits for what another holds."""
    async for _ in patiently("nobody waits for a lock"):
        async with database.pool.connection() as connection:
            found = await (await connection.execute(_WAITING)).fetchone()
        if found is not None and found[0]:
            return


@asynccontextmanager
async def held_up(database: Database, work: Coroutine[Any, Any, Result]) -> AsyncIterator["asyncio.Task[Result]"]:
    """Begin some work that is expected to wait for what the test holds, and lend it while it stands there.

    Nobody waits for a lock longer than two seconds (docs/adr/0002-postgres-only.md): whatever takes time comes before.
    """
    task = asyncio.ensure_future(work)
    waiting = asyncio.ensure_future(until_one_waits(database))
    try:
        await asyncio.wait([task, waiting], return_when=asyncio.FIRST_COMPLETED)
        assert not task.done(), f"it did not wait: {task.result()!r}"
        waiting.result()  # Else nobody waited for as long as one looks.
        yield task
    finally:
        for one in (task, waiting):
            one.cancel()
        await asyncio.gather(task, waiting, return_exceptions=True)
