"""Wake what waits: for an administrator who has just put a connection right, or for a worker that died."""

from collections.abc import Iterable
from typing import Final

import structlog

from tieline.services.delivery.desk import DeliveryDesk
from tieline.services.delivery.promise import wake
from tieline.store import delivery_claims, jobs
from tieline.store.database import Transaction

AT_ONCE: Final = 500
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


async def wake_lapsed(desk: DeliveryDesk) -> int:
    """Have what a dead worker held, or nobody came for, carried by another. Return how many."""
    async with desk.database.begin() as tx:
        found = await delivery_claims.lapsed(tx, limit=AT_ONCE)
        for connection, order_key in found:
            log.warning("delivery.taken_over", connection=connection)
            await wake(tx, connection, [order_key], priority=jobs.BACKLOG)
    return len(found)
