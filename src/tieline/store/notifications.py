"""LISTEN that survives the loss of its connection and says when something may have been missed."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass

import psycopg
import structlog
from psycopg import sql

from tieline.store.database_connect import signed_in

FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 5.0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Note:
    """One notification. `resync` carries nothing: it says that listening has (again) begun at this point."""

    channel: str = ""
    payload: str = ""
    resync: bool = False


RESYNC = Note(resync=True)


async def listen(address: str, channels: Sequence[str]) -> AsyncGenerator[Note, None]:
    """Yield notifications for ever, each as soon as its transaction commits.

    The first thing yielded, and the first after every reconnect, is `resync`: what was committed before it must be read
    from the tables, what is committed after it will be notified. Nothing falls between the two.
    """
    pause_s = FIRST_PAUSE_S
    while True:
        try:
            async with signed_in(address) as connection:
                for channel in channels:
                    await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
                pause_s = FIRST_PAUSE_S
                yield RESYNC
                async with contextlib.aclosing(connection.notifies()) as notified:
                    async for notify in notified:
                        yield Note(notify.channel, notify.payload)
        except psycopg.OperationalError as exc:
            log.warning("database.listen_lost", sqlstate=exc.sqlstate, again_in_s=pause_s)
        await asyncio.sleep(pause_s)
        pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
