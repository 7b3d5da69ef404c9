"""How deliveries come to a worker: it is told of each as it is promised, and looks every two seconds for what nobody came for."""

import asyncio
from collections.abc import Sequence
from typing import Final

from tieline.services.delivery.carrying import carry
from tieline.services.delivery.lanes import Lanes
from tieline.services.delivery.waking import due_orders, wake_lapsed
from tieline.services.house import House
from tieline.store import deliveries
from tieline.worker.edge import attempt, catch

LOOK_EVERY_S: Final = 2.0


def lanes_of(house: House, *, at_once: int) -> Lanes:
    """Return the lanes of one worker, empty."""
    desk = house.deliveries

    async def carry_one(connection: str, order_key: str, has_turn: bool) -> None:  # noqa: FBT001 - the lanes' own call
        await attempt("deliveries.carry", carry(desk, connection, [order_key], has_turn=has_turn, catch=catch))

    async def more(connection: str) -> Sequence[str]:
        return await attempt("deliveries.more", due_orders(desk, connection)) or ()

    return Lanes(carry_one, more, at_once=at_once)


async def hear_for_ever(house: House, lanes: Lanes) -> None:
    """Take what is promised as it is promised, until cancelled; what was promised before we listened is looked for at once."""
    async with house.database.listen(deliveries.CHANNEL) as notes:
        async for note in notes:
            if note.resync:
                await _look(house, lanes, due_for_s=0.0)
            else:
                connection, order_key = deliveries.announced(note.payload)
                lanes.take(connection, [order_key], urgent=True)


async def look_for_ever(house: House, lanes: Lanes) -> None:
    """Take what dead workers held or nobody came for, until cancelled."""
    while True:
        await _look(house, lanes)
        await asyncio.sleep(LOOK_EVERY_S)


async def _look(house: House, lanes: Lanes, **since: float) -> None:
    for connection, order_key in await attempt("deliveries.wake", wake_lapsed(house.deliveries, **since)) or ():
        lanes.take(connection, [order_key])
