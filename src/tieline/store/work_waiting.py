"""What waits to be done, counted by state, and how long the oldest of it has been due."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from tieline.store import driver_rows

_COUNT: Final = """
    SELECT 'deliveries' AS work, state, count(*)::integer AS count,
        greatest(0, extract(epoch FROM clock_timestamp() - min(due_at)))::float AS overdue_s
    FROM deliveries WHERE state NOT IN ('delivered', 'withdrawn') GROUP BY state
    UNION ALL
    SELECT 'arrivals', state, count(*)::integer, greatest(0, extract(epoch FROM clock_timestamp() - min(due_at)))::float
    FROM inbox_work GROUP BY state
"""


@dataclass(frozen=True, slots=True)
class WorkWaiting:
    """One kind of work in one state. `overdue_s`: for how many seconds the oldest has been due; 0 if none is."""

    work: str
    state: str
    count: int
    overdue_s: float


async def count(conn: AsyncConnection) -> list[WorkWaiting]:
    """Return everything that waits. What is over is not looked at: the indexes hold only what is not."""
    return await driver_rows.rows(conn, WorkWaiting, _COUNT, {})
