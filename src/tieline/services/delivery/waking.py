"""Wake what waits: for an administrator who has just put a connection right, or for a worker that died."""

from collections.abc import Iterable, Sequence
from typing import Final

import structlog

from tieline.services.delivery.desk import DeliveryDesk
from tieline.services.delivery.promise import wake
from tieline.store import delivery_claims, jobs
from tieline.store.database import Transaction

AT_ONCE: Final = 500
NOBODY_CAME_S: Final = 10.0
"""Whoever is told of a promise comes at once; what is due for this long was told to nobody."""
HEARD_OF_WITHIN_S: Final = 3.0
log = structlog.get_logger()


async def resume(tx: Transaction, connections: Iterable[str]) -> int:
    """Let what was parked at some connections be due again, because they were edited, verified or resumed. Return how many.

    It goes on a moment later, when every worker has heard of the change.
    """
    resumed = 0
    for connection in connections:
        keys = await delivery_claims.resume(tx, connection, in_s=HEARD_OF_WITHIN_S)
        await wake(tx, connection, keys, priority=jobs.BACKLOG, in_s=HEARD_OF_WITHIN_S)
        resumed += len(keys)
    return resumed


async def wake_lapsed(desk: DeliveryDesk, *, due_for_s: float = NOBODY_CAME_S) -> Sequence[tuple[str, str]]:
    """Return connection and order of what a dead worker held, and of what is due for so long; other workers leave them to us."""
    async with desk.database.begin() as tx:
        found = await delivery_claims.lapsed(tx, due_for_s=due_for_s, limit=AT_ONCE)
    if found:
        log.info("deliveries.taken_over", count=len(found))
    return found


async def due_orders(desk: DeliveryDesk, connection: str) -> Sequence[str]:
    """Return orders of a connection that are due, those that waited longest first."""
    async with desk.database.read() as conn:
        return await delivery_claims.due_orders(conn, connection, limit=AT_ONCE)
