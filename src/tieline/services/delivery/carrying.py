"""Carry what is due of some orders: one delivery after the other, each claimed, sent and settled on its own."""

from collections.abc import Sequence
from typing import Final

from tieline.domain.errors import Overloaded
from tieline.services.delivery import settling
from tieline.services.delivery.attempt import Attempt
from tieline.services.delivery.desk import Catch, DeliveryDesk
from tieline.services.delivery.promise import wake
from tieline.services.delivery.sending import work_on
from tieline.store import delivery_claims, jobs

IN_A_ROW: Final = 50
"""Deliveries of one order that one job carries before it makes room for others."""


async def carry(desk: DeliveryDesk, connection: str, order_keys: Sequence[str], *, has_turn: bool, catch: Catch) -> int:
    """Carry what is due now of some orders of a connection, and return how many deliveries that were.

    `has_turn`: the backlog's drain has let these pass already. Order within a key comes from its rows: whoever finds the first
    one held or not yet due goes away, and the rest is carried by whoever settles that.
    """
    carried = 0
    for order_key in order_keys:
        carried += await _carry_order(desk, connection, order_key, has_turn=has_turn, catch=catch)
    return carried


async def _carry_order(desk: DeliveryDesk, connection: str, order_key: str, *, has_turn: bool, catch: Catch) -> int:
    for carried in range(IN_A_ROW):
        if not await _may_go_on(desk, connection, order_key, has_turn=has_turn and not carried):
            return carried
        async with desk.database.begin() as tx:
            delivery = await delivery_claims.claim(tx, connection, order_key, worker=desk.worker)
        if delivery is None:
            return carried
        attempt = Attempt(delivery)
        _, error = await catch("delivery.carry", work_on(desk, attempt))
        if isinstance(error, Overloaded):
            return carried  # Our database is away; the claim lapses, and somebody takes it up from what was written down.
        if error is not None:
            await settling.blame_ourselves(desk, attempt, error)
    async with desk.database.begin() as tx:
        await wake(tx, connection, [order_key], priority=jobs.BACKLOG)
    return IN_A_ROW


async def _may_go_on(desk: DeliveryDesk, connection: str, order_key: str, *, has_turn: bool) -> bool:
    """Say whether something is due and may go now; what must wait for its turn in the backlog comes back then."""
    async with desk.database.read() as conn:
        backlog = await delivery_claims.backlog_due(conn, connection, order_key)
    if backlog is None:
        return False
    wait_s = desk.drain.turn_in_s(connection) if backlog and not has_turn else 0.0
    if not wait_s:
        return True
    async with desk.database.begin() as tx:
        await delivery_claims.postpone(tx, connection, order_key, in_s=wait_s)
        await wake(tx, connection, [order_key], priority=jobs.BACKLOG, in_s=wait_s, has_turn=True)
    return False
