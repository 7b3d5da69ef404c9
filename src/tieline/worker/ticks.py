"""What is due by the second: too often for a schedule counted in minutes. Any number of workers may do it at once.

Settling locks its rows and skips those held elsewhere; serving a promise is fenced. So nobody has to be the leader.
"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from tieline.domain.errors import Overloaded
from tieline.services import call_settling
from tieline.services.house import House

log = structlog.get_logger()
EVERY_S = 1.0

Tick = Callable[[], Awaitable[object]]


async def tick(house: House) -> None:
    """Settle calls that have ended and serve cards nobody took up, every second, until cancelled."""
    due: tuple[tuple[str, Tick], ...] = (
        ("calls.settle", lambda: call_settling.settle_due(house.calls, house.clock())),
        ("pops.resume", house.delivery.resume),
    )
    while True:
        for name, job in due:
            await _do(name, job)
        await asyncio.sleep(EVERY_S)


async def _do(name: str, job: Tick) -> None:
    """Do one job; whatever goes wrong, the next second comes. This is the worker's edge."""
    try:
        await job()
    except Overloaded:
        log.warning("tick.database_away", job=name)
    except Exception:
        log.exception("tick.failed", job=name)
