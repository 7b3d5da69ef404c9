"""Keeping the figures counted: what was marked is counted in small steps, by whoever comes first."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from tieline.services.tickets.desk import TicketDesk
from tieline.store import report_counting
from tieline.store.patience import take_time
from tieline.store.report_counting import KINDS

STEP: Final = 500
STEP_OF_ALL: Final = 10_000
"""Marks of a step when everything is counted anew: the more at once, the more of them move the same total."""
STEPS_OF_A_READER: Final = 4
"""What somebody who asks for a report counts themselves before it is read; a greater backlog is the worker's."""


async def count_due(desk: TicketDesk, *, now: datetime, steps: int | None = None) -> int:
    """Count what is marked, at most so many steps of each kind, and return how many marks that were.

    None: all of it, and all anew when days begin elsewhere by now.
    """
    if steps is None:
        await _require_days_of(desk, str(desk.policy.zone))
    return await _count(desk, now=now, steps=steps, step_of=STEP)


async def count_anew(desk: TicketDesk, *, now: datetime, told: Callable[[int, int], None]) -> int:
    """Begin anew and count everything; `told` hears of each step how many of how many marks are done. Return their number."""
    await rebuild(desk)
    async with desk.database.begin() as conn:
        waiting = await report_counting.waiting(conn, now=now)
    done = 0
    while counted := await _count(desk, now=now, steps=1, step_of=STEP_OF_ALL):
        done += counted
        told(done, max(done, waiting))
    return done


async def rebuild(desk: TicketDesk) -> None:
    """Forget every figure and mark everything to be counted anew."""
    async with desk.database.begin() as tx:
        await report_counting.begin_anew(tx, zone=str(desk.policy.zone))


async def _require_days_of(desk: TicketDesk, zone: str) -> None:
    """Begin anew when days begin elsewhere than in what was counted so far."""
    async with desk.database.read() as conn:
        if await report_counting.counted_zone(conn) == zone:
            return
    await rebuild(desk)


async def _count(desk: TicketDesk, *, now: datetime, steps: int | None, step_of: int) -> int:
    zone = str(desk.policy.zone)
    done = 0
    for kind in KINDS:
        step = 0
        while steps is None or step < steps:
            async with desk.database.begin() as tx:
                if step_of > STEP:
                    await take_time(tx)
                counted = await report_counting.count(tx, kind, zone=zone, now=now, limit=step_of)
            done, step = done + counted, step + 1
            if counted < step_of:
                break
    return done
