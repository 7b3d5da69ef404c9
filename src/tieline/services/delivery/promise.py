"""Promise an effect in another system, in the transaction of the fact it follows from. See docs/adr/0019-deliveries.md."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from tieline.domain.delivery import Effect
from tieline.store import deliveries, jobs
from tieline.store.database import Transaction

KEYS_A_JOB: Final = 50
"""What comes in bulk shares its jobs."""


async def promise(tx: Transaction, effect: Effect, *, now: datetime) -> UUID:
    """Promise one effect and return the delivery's id; it is on its way when the transaction commits.

    The same `key` again is the same promise and changes nothing, whatever else the effect says.
    """
    (delivery_id,) = await promise_all(tx, [effect], now=now)
    return delivery_id


async def promise_all(tx: Transaction, effects: Sequence[Effect], *, now: datetime) -> list[UUID]:
    """Promise many effects at once, in this order, and return their deliveries' ids likewise."""
    kept = await deliveries.insert(tx, effects, now=now)
    waves: defaultdict[tuple[str, int, float], list[str]] = defaultdict(list)
    for effect, (_, is_new) in zip(effects, kept, strict=True):
        if is_new:
            wait_s = (effect.not_before - now).total_seconds() if effect.not_before else 0.0
            priority = jobs.LIVE if effect.priority == "live" else jobs.BULK
            waves[effect.connection, priority, max(0.0, wait_s)].append(effect.order_key)
    for (connection, priority, wait_s), keys in waves.items():
        await wake(tx, connection, keys, priority=priority, in_s=wait_s)
    return [delivery_id for delivery_id, _ in kept]


async def wake(
    tx: Transaction,
    connection: str,
    order_keys: Sequence[str],
    *,
    priority: int = jobs.LIVE,
    in_s: float = 0.0,
    has_turn: bool = False,
) -> None:
    """Have what is due of some orders carried in so many seconds.

    What happens now is told to the workers as this commits; what waits is given a job, and a bulk of it shares jobs. `has_turn`:
    they have waited for their turn in the backlog already.
    """
    unique = list(dict.fromkeys(order_keys))
    if priority == jobs.LIVE and in_s <= 0 and not has_turn:
        unique = await deliveries.announce(tx, connection, unique)
    size = 1 if priority == jobs.LIVE else KEYS_A_JOB
    lots = [unique[start : start + size] for start in range(0, len(unique), size)]
    wanted = [{"connection": connection, "order_keys": lot, "has_turn": has_turn} for lot in lots]
    await jobs.defer(tx, jobs.CARRY, wanted, priority=priority, in_s=in_s)
