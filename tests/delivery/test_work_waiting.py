"""What waits is counted where operators look: gauges and the doctor's line."""

from datetime import timedelta

from tests.delivery.vendor import World

from tieline.domain import errors
from tieline.observability.metrics import OVERDUE_SECONDS, WORK_WAITING
from tieline.services import work_waiting


def gauge(state: str) -> float:
    return float(WORK_WAITING.labels("deliveries", state)._value.get())


async def test_nothing_waits(world: World) -> None:
    await work_waiting.observe(world.database)
    assert [gauge(state) for state in work_waiting.STATES["deliveries"]] == [0, 0, 0, 0, 0]
    assert await work_waiting.told(world.database) == (True, "0 waiting, the oldest due for 0 s; 0 dead, 0 unknown, 0 parked")


async def test_what_waits_and_what_stands_still_are_told_apart(world: World) -> None:
    world.vendor.before = [errors.VendorRejected(), errors.VendorMisconfigured()]
    for number in range(3):
        await world.promise(number)
    await world.carry(0)
    await world.carry(1)
    await world.let_pass(timedelta(minutes=20))
    await work_waiting.observe(world.database)
    assert [gauge(state) for state in ("pending", "dead", "parked")] == [1, 1, 1]
    assert 1200 <= OVERDUE_SECONDS.labels("deliveries")._value.get() <= 1260
    well, words = await work_waiting.told(world.database)
    assert (well, words.endswith("1 dead, 0 unknown, 1 parked")) == (False, True)
