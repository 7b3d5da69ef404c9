"""How much work waits: as gauges for the monitoring, as a line for the doctor."""

from collections.abc import Sequence
from typing import Final

from tieline.observability.metrics import OVERDUE_SECONDS, WORK_WAITING
from tieline.store import work_waiting
from tieline.store.database import Database
from tieline.store.work_waiting import WorkWaiting

STATES: Final = {
    "deliveries": ("pending", "claimed", "parked", "dead", "unknown"),
    "arrivals": ("waiting", "claimed", "parked"),
}
DUE: Final = frozenset({"pending", "waiting", "claimed"})
LATE_S: Final = 900.0
"""Due for longer than this means that no worker runs, or none keeps up."""


async def observe(database: Database) -> None:
    """Bring the gauges up to date. Raises: Overloaded."""
    found = await _count(database)
    counts = {(one.work, one.state): one.count for one in found}
    for work, states in STATES.items():
        for state in states:
            WORK_WAITING.labels(work, state).set(counts.get((work, state), 0))
        OVERDUE_SECONDS.labels(work).set(_overdue_s(found, work))


async def told(database: Database) -> tuple[bool, str]:
    """Say whether all is well with what waits, and in a few words how it stands."""
    found = await _count(database)
    stuck = {state: _count_of(found, state) for state in ("dead", "unknown", "parked")}
    late_s = max((_overdue_s(found, work) for work in STATES), default=0.0)
    waiting = sum(_count_of(found, state) for state in DUE)
    standing = ", ".join(f"{count} {state}" for state, count in stuck.items())
    well = late_s < LATE_S and not (stuck["dead"] or stuck["unknown"])
    return well, f"{waiting} waiting, the oldest due for {late_s:.0f} s; {standing}"


def _count_of(found: Sequence[WorkWaiting], state: str) -> int:
    return sum(one.count for one in found if one.state == state)


async def _count(database: Database) -> Sequence[WorkWaiting]:
    async with database.read() as conn:
        return await work_waiting.count(conn)


def _overdue_s(found: Sequence[WorkWaiting], work: str) -> float:
    return max((one.overdue_s for one in found if one.work == work and one.state in DUE), default=0.0)
