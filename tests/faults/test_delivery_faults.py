"""Several workers, sleeping workers, and the morning after an outage: faults F30, F32, F40, F41, F43 and F49 for deliveries."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs
from tests.delivery.vendor import Vendor, World

from tieline.connectors.contract import Result
from tieline.connectors.wire.limits import Priority
from tieline.domain import errors
from tieline.domain.delivery_schedule import LEAST_ATTEMPTS, TRIED_FOR_AT_LEAST, is_exhausted, wait_s
from tieline.kit.deadline import Deadline
from tieline.services.delivery import carrying
from tieline.services.delivery.drain import Drain
from tieline.services.delivery.waking import wake_lapsed
from tieline.store import delivery_claims
from tieline.store.database import Database
from tieline.worker.edge import catch


@pytest.fixture
def world(database: Database) -> World:
    return World(database)


@dataclass
class Sleepy(Vendor):
    """Answers when it is told to."""

    wake: asyncio.Event = field(default_factory=asyncio.Event)
    asked: asyncio.Event = field(default_factory=asyncio.Event)

    async def send(self, operation: str, *, deadline: Deadline, priority: Priority, inputs: Mapping[str, Any]) -> Result:
        result = await super().send(operation, deadline=deadline, priority=priority, inputs=inputs)
        self.asked.set()
        await self.wake.wait()
        return result


async def test_four_workers_at_four_hundred_orders_claim_each_once(world: World) -> None:
    """F40."""
    for number in range(400):
        await world.promise(number)

    async def worker() -> int:
        taken = 0
        for number in range(400):
            async with world.database.begin() as tx:
                taken += await delivery_claims.claim(tx, "helpdesk", f"ticket:t-{number}", worker="w") is not None
        return taken

    assert sum(await asyncio.gather(*(worker() for _ in range(4)))) == 400
    assert await world.rows("SELECT DISTINCT attempts, fence FROM deliveries") == [(1, 1)]


@pytest.mark.parametrize("tier", ["T1", "T2"])
async def test_a_worker_that_slept_through_its_claim_settles_nothing(world: World, tier: Any) -> None:  # noqa: ANN401 - a footing
    """F41: while it slept another one took over; there is one effect, and the owner heard of it once."""
    sleepy = Sleepy(tier=tier)
    world.vendor = sleepy
    promised = await world.promise()
    zombie = asyncio.create_task(world.carry())
    await sleepy.asked.wait()
    await world.let_pass(timedelta(seconds=91))
    living = World(world.database, Vendor(tier=tier, effects=sleepy.effects), world.books)
    assert await living.carry() == 1
    assert (await world.find(promised)).state == "delivered"
    with capture_logs() as said:
        sleepy.wake.set()
        assert await zombie == 1
    assert [line["event"] for line in said if line["event"].startswith("delivery.")] == ["delivery.fenced"]
    assert (list(sleepy.effects.values()), len(world.books.done)) == ([1], 1)


async def test_who_wakes_after_its_claim_lapsed_sends_nothing(world: World) -> None:
    promised = await world.promise()
    async with world.database.begin() as tx:
        claimed = await delivery_claims.claim(tx, "helpdesk", "ticket:t-1", worker="zombie")
    assert claimed is not None
    await world.let_pass(timedelta(seconds=31))
    async with world.database.begin() as tx:
        assert await delivery_claims.intend(tx, claimed, "send", sent={}, worker="zombie") is None
    assert (await world.find(promised)).sent_at is None


async def test_what_three_workers_died_over_is_laid_aside(world: World) -> None:
    """F30: the attempt is counted before the work, so three deaths are enough."""
    promised = await world.promise()
    for died in range(1, 4):
        async with world.database.begin() as tx:
            claimed = await delivery_claims.claim(tx, "helpdesk", "ticket:t-1", worker=f"w-{died}")
        assert claimed is not None
        assert (claimed.attempts, claimed.crashes) == (died, died - 1)
        await world.let_pass(timedelta(seconds=31))
    await world.carry()
    kept = await world.find(promised)
    assert (kept.state, kept.reason, world.vendor.told) == ("dead", "workers_died", [])


async def test_what_workers_died_over_is_carried_one_at_a_time(world: World) -> None:
    """A poison kills whoever works beside it; its neighbours must not be beside it a second time."""
    at_once = most_at_once = 0
    another = asyncio.Event()

    class Counting(Vendor):
        async def send(self, operation: str, *, deadline: Deadline, priority: Priority, inputs: Mapping[str, Any]) -> Result:
            nonlocal at_once, most_at_once
            at_once += 1
            most_at_once = max(most_at_once, at_once)
            if at_once > 1:
                another.set()
            with suppress(TimeoutError):
                await asyncio.wait_for(another.wait(), 0.1)  # time enough for another to come in, if it may
            at_once -= 1
            return await super().send(operation, deadline=deadline, priority=priority, inputs=inputs)

    world.vendor = Counting()
    for number in range(5):
        await world.promise(number)
        async with world.database.begin() as tx:
            await delivery_claims.claim(tx, "helpdesk", f"ticket:t-{number}", worker="dead")
    await world.let_pass(timedelta(seconds=31))
    assert sum(await asyncio.gather(*(world.carry(number) for number in range(5)))) == 5
    assert (most_at_once, list(world.vendor.effects.values())) == (1, [1] * 5)


async def test_what_a_dead_worker_held_or_nobody_came_for_is_woken_once(world: World) -> None:
    """F43: the promise is durable; a note nobody heard costs time, never the effect."""
    await world.promise(1)
    await world.promise(2)
    async with world.database.begin() as tx:
        await delivery_claims.claim(tx, "helpdesk", "ticket:t-1", worker="dead")
    assert await wake_lapsed(world.desk) == [], "one is held, and who was told of the other is on the way"
    await world.let_pass(timedelta(seconds=11))
    assert await wake_lapsed(world.desk) == [("helpdesk", "ticket:t-2")], "nobody came for it"
    await world.let_pass(timedelta(seconds=20))
    assert await wake_lapsed(world.desk) == [("helpdesk", "ticket:t-1")], "the claim lapsed"
    assert await wake_lapsed(world.desk) == [], "both were woken a moment ago"
    await world.promise(3)
    assert await wake_lapsed(world.desk, due_for_s=0.0) == [("helpdesk", "ticket:t-3")], "to whoever has just begun to listen"


async def test_a_backlog_goes_out_at_a_measured_pace_and_what_happens_now_before_it(database: Database) -> None:
    """F49. The pace is so slow that the turns are still to come when a busy machine has handed them out."""
    now_s, step_s = 100.0, 10
    world = World(database, drain=Drain(lambda: now_s, per_s=1 / step_s))
    for number in range(40):
        await world.promise(number)
    await world.let_pass(timedelta(hours=1))
    await world.promise(99)
    orders = [f"ticket:t-{number}" for number in range(40)]
    assert await carrying.carry(world.desk, "helpdesk", orders, has_turn=False, catch=catch) == 1
    assert await carrying.carry(world.desk, "helpdesk", ["ticket:t-99"], has_turn=False, catch=catch) == 1, "live at once"
    due_in = "round(extract(epoch FROM due_at - clock_timestamp()))::int"
    waits = await world.rows(f"SELECT {due_in} FROM deliveries WHERE state = 'pending' ORDER BY position")  # noqa: S608 - ours
    assert [row[0] for row in waits] == [pytest.approx(place * step_s, abs=60) for place in range(1, 40)]
    jobs = await world.rows("SELECT count(*) FROM procrastinate_jobs WHERE args ->> 'has_turn' = 'true' AND scheduled_at > now()")
    assert jobs[0][0] >= 35
    await world.let_pass(timedelta(seconds=40 * step_s))
    assert await carrying.carry(world.desk, "helpdesk", orders, has_turn=True, catch=catch) == 39
    assert list(world.vendor.effects.values()) == [1] * 41


def test_the_schedule_holds_its_promise_whatever_chance_draws() -> None:
    """R4: ten attempts or more over 75 hours or more, and an end."""
    for chance in (0.0, 0.001, 0.3, 0.7, 1.0):
        tried_for, failures = timedelta(0), 0
        while not is_exhausted(failures=failures, held_back=0, tried_for=tried_for):
            failures += 1
            tried_for += timedelta(seconds=wait_s(failures, chance=max(chance, 0.01)))
            assert failures < 100_000
        assert failures >= LEAST_ATTEMPTS
        assert tried_for >= TRIED_FOR_AT_LEAST


async def test_what_was_tried_long_and_often_enough_is_given_up_and_kept(world: World) -> None:
    promised = await world.promise()
    attempts = 0
    while (await world.find(promised)).state == "pending":
        world.vendor.before = [errors.VendorUnavailable()]
        attempts += await world.carry()
        await world.let_pass(timedelta(hours=12))
    kept = await world.find(promised)
    assert (kept.state, kept.reason, kept.attempts) == ("dead", "upstream_unavailable", attempts)
    assert attempts >= LEAST_ATTEMPTS
    assert kept.first_tried_at is not None
    assert kept.state_at - kept.first_tried_at >= TRIED_FOR_AT_LEAST


async def test_a_vendor_that_is_away_all_the_time_is_not_held_for_refusing(world: World) -> None:
    promised = await world.promise()
    for _ in range(5):
        world.vendor.before = [errors.CircuitOpen()]
        await world.carry()
        await world.let_pass(timedelta(minutes=11))
    kept = await world.find(promised)
    assert (kept.state, kept.failures, kept.held_back) == ("pending", 0, 5)
