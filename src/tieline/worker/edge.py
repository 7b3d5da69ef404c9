"""The one place where an unforeseen failure is caught: it is written down, and the rest of the work goes on."""

from collections.abc import Awaitable
from typing import TypeVar

import structlog

from tieline.domain.errors import Overloaded
from tieline.kit.cancellations import cancellations, heed

Result = TypeVar("Result")
log = structlog.get_logger()


async def attempt(name: str, work: Awaitable[Result]) -> Result | None:
    """Do one piece of work; None: it failed, which is in the log, and will be due again."""
    return (await catch(name, work))[0]


async def catch(name: str, work: Awaitable[Result]) -> tuple[Result | None, Exception | None]:
    """Do one piece of work and say how it failed, if it did, to whoever writes that down with the work.

    Whoever was told to end meanwhile does, though somebody on the way kept it to himself.
    """
    before = cancellations()
    done: tuple[Result | None, Exception | None]
    try:
        done = await work, None
    except Overloaded as exc:
        log.warning("work.postponed", work=name, code=exc.code)
        done = None, exc
    except Exception as exc:
        log.exception("work.failed", work=name, error=type(exc).__name__)
        done = None, exc
    heed(before)
    return done
