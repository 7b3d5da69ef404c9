"""R9 for deliveries: a system that hangs holds up nobody else's, and what happens now goes before what comes in bulk."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import pytest
from tests.delivery.test_promise import NOW, effect
from tests.faults.mortal import NOTES, connection_to, desk_over
from tests.faults.shop_server import Ledger, ledger
from tests.faults.vendor import Asked, hang, vendor
from tests.flows.door import patiently

from tieline.services.delivery import lanes as lanes_module
from tieline.services.delivery.carrying import carry
from tieline.services.delivery.desk import DeliveryDesk
from tieline.services.delivery.lanes import Lanes, _Lane, _Wish
from tieline.services.delivery.promise import promise_all
from tieline.services.delivery.waking import due_orders
from tieline.store.database import Database
from tieline.worker.edge import catch

AT_ONCE: Final = 4
MANY: Final = 60


def lanes_over(desk: DeliveryDesk) -> Lanes:
    async def carry_one(connection: str, order_key: str, has_turn: bool) -> None:  # noqa: FBT001 - the lanes' own call
        await carry(desk, connection, [order_key], has_turn=has_turn, catch=catch)

    async def more(connection: str) -> list[str]:
        return list(await due_orders(desk, connection))

    return Lanes(carry_one, more, at_once=AT_ONCE)


@asynccontextmanager
async def lanes_to(database: Database, ports: Mapping[str, int]) -> AsyncIterator[Lanes]:
    """Lend the lanes of a worker that delivers to shops on some ports."""
    async with database.pool.connection() as connection:
        await connection.execute(NOTES.encode())
    async with AsyncExitStack() as stack:
        outlets = {name: await stack.enter_async_context(connection_to(name, port)) for name, port in ports.items()}
        lanes = lanes_over(desk_over(database, outlets))
        yield lanes
        await lanes.aclose(within_s=0.0)


async def promised(database: Database, connection: str, count: int, **changed: Any) -> list[str]:  # noqa: ANN401 - fields
    wanted = [
        effect(number, connection=connection, key=f"{connection}-{number}", order_key=f"{connection}-{number}", **changed)
        for number in range(count)
    ]
    async with database.begin() as tx:
        await promise_all(tx, wanted, now=NOW)
    return [one.order_key for one in wanted]


async def delivered(database: Database) -> Counter[str]:
    async with database.pool.connection() as connection:
        query = b"SELECT connection, count(*) FROM deliveries WHERE state = 'delivered' GROUP BY 1"
        return Counter(dict(await (await connection.execute(query)).fetchall()))


@dataclass
class Hanging:
    """A system that takes every request and answers none, and counts how many it holds at once."""

    held: int = 0
    most: int = 0
    full: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, asked: Asked, writer: asyncio.StreamWriter) -> None:
        self.held += 1
        self.most = max(self.most, self.held)
        if self.held == AT_ONCE:
            self.full.set()
        try:
            await hang(asked, writer)
        finally:
            self.held -= 1


async def test_a_system_that_hangs_holds_up_nobody_elses_deliveries(database: Database) -> None:
    """As many hang as its lane has places; all the other system's arrive meanwhile, once each."""
    silent = Hanging()
    async with (
        vendor(silent.serve) as hanging,
        ledger() as well,
        lanes_to(database, {"hanging": hanging.port, "well": well.port}) as lanes,
    ):
        lanes.take("hanging", await promised(database, "hanging", MANY), urgent=True)
        await asyncio.wait_for(silent.full.wait(), 90)
        lanes.take("well", await promised(database, "well", MANY), urgent=True)
        async for _ in patiently("the other system's were held up", within_s=90):
            if (await delivered(database))["well"] == MANY:
                break
        assert silent.most == AT_ONCE
    assert await delivered(database) == {"well": MANY}
    assert list(well.effects.values()) == [1] * MANY


async def test_what_comes_in_bulk_takes_half_of_a_lane_and_what_happens_now_goes_before_it(database: Database) -> None:
    silent = Hanging()
    async with vendor(silent.serve) as hanging, lanes_to(database, {"shop": hanging.port}) as lanes:
        lanes.take("shop", await promised(database, "shop", MANY, priority="bulk"), has_turn=True)
        lanes.take("shop", [f"live-{number}" for number in range(2)], urgent=True)
        assert started(lanes) == ["live-0", "live-1", "shop-0", "shop-1"]


def test_an_order_asked_for_while_it_is_carried_is_looked_at_once_more() -> None:
    lane = _Lane()
    lane.add("a", _Wish(urgent=True, has_turn=False))
    assert lane.next(AT_ONCE) == "a"
    for _ in range(3):
        lane.add("a", _Wish(urgent=False, has_turn=False))
    assert lane.next(AT_ONCE) is None, "one order is in one hand"
    lane.end("a")
    assert (lane.next(AT_ONCE), lane.next(AT_ONCE)) == ("a", None)


async def test_what_a_lane_has_no_room_for_is_asked_of_the_rows_when_it_has(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes_module, "WAITING_MOST", 3)
    async with ledger() as shop, lanes_to(database, {"shop": shop.port}) as lanes:
        lanes.take("shop", await promised(database, "shop", 20), urgent=True)
        async for _ in patiently("some were left where they were", within_s=90):
            if (await delivered(database))["shop"] == 20:
                break
    assert list(shop.effects.values()) == [1] * 20


def started(lanes: Lanes) -> list[str]:
    return sorted(lanes._lanes["shop"].running)


async def test_who_is_asked_to_stop_ends_what_is_under_way_and_begins_nothing(database: Database) -> None:
    """F44: a worker that is told to go leaves no delivery in doubt and no claim behind."""
    may_answer, shop = asyncio.Event(), Ledger()

    async def slow(asked: Asked, writer: asyncio.StreamWriter) -> None:
        await may_answer.wait()
        await shop.serve(asked, writer)

    async with vendor(slow) as server, lanes_to(database, {"shop": server.port}) as lanes:
        lanes.take("shop", await promised(database, "shop", 20), urgent=True)
        await asyncio.wait_for(server.has_been_asked(AT_ONCE), 90)
        stopping = asyncio.create_task(lanes.aclose(within_s=10))
        await asyncio.sleep(0)
        lanes.take("shop", ["shop-19"], urgent=True)
        may_answer.set()
        await stopping
    async with database.pool.connection() as connection:
        query = b"SELECT state, count(*) FROM deliveries GROUP BY 1 ORDER BY 1"
        assert await (await connection.execute(query)).fetchall() == [("delivered", AT_ONCE), ("pending", 20 - AT_ONCE)]
    assert list(shop.effects.values()) == [1] * AT_ONCE
