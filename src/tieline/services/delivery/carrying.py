"""Carry what is due of some orders: one delivery after the other, each claimed, sent and settled on its own."""

import contextlib
from collections.abc import Sequence
from typing import Final

from tieline.domain.errors import Overloaded
from tieline.services.delivery import settling
from tieline.services.delivery.attempt import Attempt
from tieline.services.delivery.desk import Catch, DeliveryDesk
from tieline.services.delivery.promise import wake
from tieline.services.delivery.sending import work_on
from tieline.store import delivery_claims, jobs
from tieline.store.delivery_claims import Due

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
        due = await _may_go_on(desk, connection, order_key, has_turn=has_turn and not carried)
        if due is None:
            return carried
        async with desk.suspects if due.is_suspect else contextlib.nullcontext():
            if not await _carry_next(desk, connection, order_key, catch=catch):
                return carried
    async with desk.database.begin() as tx:
        await wake(tx, connection, [order_key], priority=jobs.BACKLOG)
    return IN_A_ROW


async def _carry_next(desk: DeliveryDesk, connection: str, order_key: str, *, catch: Catch) -> bool:
    """Claim what is first of an order and see it to the end of this claim; False: somebody was faster, or we cannot go on."""
    async with desk.database.read() as conn:
        delivery = await delivery_claims.claim(conn, connection, order_key, worker=desk.worker)
    if delivery is None:
        return False
    attempt = Attempt(delivery)
    _, error = await catch("delivery.carry", work_on(desk, attempt))
    if isinstance(error, Overloaded):
        return False  # Our database is away; the claim lapses, and somebody takes it up from what was written down.
    if error is not None:
        await settling.blame_ourselves(desk, attempt, error)
    return True


async def _may_go_on(desk: DeliveryDesk, connection: str, order_key: str, *, has_turn: bool) -> Due | None:
    """Return what is due, if it may go now; what must wait for its turn in the backlog comes back then."""
    async with desk.database.read() as conn:
        due = await delivery_claims.due(conn, connection, order_key)
    if due is None:
        return None
    wait_s = desk.drain.turn_in_s(connection) if due.is_backlog and not has_turn else 0.0
    if not wait_s:
        return due
    async with desk.database.begin() as tx:
        await delivery_claims.postpone(tx, connection, order_key, in_s=wait_s)
        await wake(tx, connection, [order_key], priority=jobs.BACKLOG, in_s=wait_s, has_turn=True)
    return None
