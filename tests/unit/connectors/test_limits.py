import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from tieline.connectors.manifest.schema import Limits
from tieline.connectors.wire import limits as limits_module
from tieline.connectors.wire.limits import Priority, Throttle
from tieline.domain.errors import CapacityExhausted, VendorThrottled
from tieline.kit.deadline import Deadline


class Hands:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def throttle(**limits: float) -> Throttle:
    return Throttle(Limits.model_validate({"per_second": 1000, "burst": 1000, "concurrency": 100, **limits}), Hands())


@pytest.fixture
async def house() -> AsyncIterator[AsyncExitStack]:
    """Keeps every place that was taken until the test is over."""
    async with AsyncExitStack() as kept:
        yield kept


async def take(house: AsyncExitStack, limits: Throttle, priority: Priority = "live", *, within_s: float = 0.05) -> bool:
    """Take a place and keep it. False: there was none in time."""
    try:
        await house.enter_async_context(limits.turn(priority, Deadline.after(within_s)))
    except CapacityExhausted:
        return False
    return True


async def taken(house: AsyncExitStack, limits: Throttle, priority: Priority, attempts: int) -> int:
    return sum(await asyncio.gather(*(take(house, limits, priority) for _ in range(attempts))))


async def test_no_more_calls_in_flight_than_allowed(house: AsyncExitStack) -> None:
    assert await taken(house, throttle(concurrency=3), "live", 10) == 3


async def test_no_more_calls_at_once_than_the_burst(house: AsyncExitStack) -> None:
    assert await taken(house, throttle(per_second=0.001, burst=4), "live", 10) == 4


async def test_bulk_work_leaves_thirty_per_cent_of_the_places(house: AsyncExitStack) -> None:
    limits = throttle(concurrency=10)
    assert (await taken(house, limits, "bulk", 20), await taken(house, limits, "live", 20)) == (7, 3)


async def test_bulk_work_leaves_thirty_per_cent_of_the_rate(house: AsyncExitStack) -> None:
    limits = throttle(per_second=0.001, burst=10)
    assert (await taken(house, limits, "bulk", 20), await taken(house, limits, "live", 20)) == (7, 3)


async def test_live_calls_may_use_everything(house: AsyncExitStack) -> None:
    assert await taken(house, throttle(concurrency=10), "live", 20) == 10


async def test_a_vendor_that_allows_one_call_still_gets_bulk_work(house: AsyncExitStack) -> None:
    assert await taken(house, throttle(concurrency=1, burst=1), "bulk", 2) == 1


async def test_a_place_given_back_is_taken_by_who_waits(house: AsyncExitStack) -> None:
    limits = throttle(concurrency=1)
    async with limits.turn("live", Deadline.after(30)):
        waiting = asyncio.create_task(take(house, limits, within_s=30))
        await asyncio.sleep(0)
    assert await waiting


async def test_a_live_call_waits_no_longer_than_its_share(house: AsyncExitStack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits_module, "LIVE_WAIT_S", 0.25)
    limits = throttle(concurrency=1)
    async with limits.turn("live", Deadline.after(60)):
        started = asyncio.get_running_loop().time()
        assert not await take(house, limits, within_s=60)
        assert 0.2 < asyncio.get_running_loop().time() - started < 30


async def test_a_waiter_who_leaves_takes_no_place_with_them(house: AsyncExitStack) -> None:
    limits = throttle(concurrency=1)
    async with limits.turn("live", Deadline.after(30)):
        assert not await take(house, limits, "bulk", within_s=0.01)
        waiting = asyncio.create_task(take(house, limits, "bulk", within_s=5))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    assert await take(house, limits)


async def test_a_failed_call_gives_its_place_back(house: AsyncExitStack) -> None:
    limits = throttle(concurrency=1)
    with pytest.raises(RuntimeError):
        async with limits.turn("live", Deadline.after(30)):
            raise RuntimeError
    assert await take(house, limits)


async def test_a_pause_lasts_as_long_as_the_vendor_wished(house: AsyncExitStack) -> None:
    hands = Hands()
    limits = Throttle(Limits(), hands)
    limits.pause(7.0)
    limits.pause(2.0)
    with pytest.raises(VendorThrottled) as caught:
        await take(house, limits)
    assert caught.value.retry_after_s == 7.0
    hands.now = 7.0
    assert await take(house, limits)


async def test_without_a_hint_the_pause_is_a_second() -> None:
    limits = throttle()
    limits.pause(None)
    assert limits.paused_s() == 1.0


async def test_f02_a_vendor_that_throttles_for_half_an_hour_without_a_hint_is_asked_ever_less() -> None:
    """Calls fall by more than four fifths within half a minute, and all is forgiven a few minutes after it is well."""
    hands = Hands()
    limits = Throttle(Limits(), hands)
    asked_at: list[float] = []
    while hands.now < 1800:
        limits.pause(None)
        asked_at.append(hands.now)
        hands.now += limits.paused_s()
    by_minute = [sum(minute * 60 <= at < minute * 60 + 60 for at in asked_at) for minute in range(30)]
    assert (by_minute[0], max(by_minute[1:])) == (7, 1)
    assert sum(30 <= at < 90 for at in asked_at) == 2
    hands.now += 600
    limits.pause(None)
    assert limits.paused_s() == 1.0


async def test_many_refused_together_are_one_reason_to_pause() -> None:
    limits = throttle()
    for _ in range(20):
        limits.pause(None)
    assert limits.paused_s() == 1.0
