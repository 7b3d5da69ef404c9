"""What followers of changes must read, however long the database is busy: nobody would tell them of this change again."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from tieline.domain.errors import Overloaded

AGAIN_S = 0.2
log = structlog.get_logger()


async def read_at_last(read: Callable[[], Awaitable[None]], *, otherwise: str) -> None:
    """Read, again and again until the database lets us; `otherwise`: what the log is told as long as it does not."""
    while True:
        try:
            return await read()
        except Overloaded as exc:
            log.warning(otherwise, code=exc.code)
            await asyncio.sleep(AGAIN_S)
