import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest

from tieline.kit.freshness import FreshnessCache

MINUTE = timedelta(minutes=1)


class Hands:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


def answering(value: str, calls: list[str]) -> Callable[[], Awaitable[str]]:
    async def load() -> str:
        calls.append(value)
        await asyncio.sleep(0)
        return value

    return load


async def test_many_askers_share_one_load() -> None:
    cache: FreshnessCache[str] = FreshnessCache(Hands())
    calls: list[str] = []
    answers = await asyncio.gather(*(cache.refresh("k", answering("a", calls)) for _ in range(50)))
    assert (answers, calls) == (["a"] * 50, ["a"])


async def test_what_is_kept_is_fresh_only_within_its_limit() -> None:
    hands = Hands()
    cache: FreshnessCache[str] = FreshnessCache(hands)
    cache.put("k", "a")
    hands.now += MINUTE
    assert cache.fresh("k", MINUTE) is not None
    hands.now += timedelta(microseconds=1)
    assert cache.fresh("k", MINUTE) is None
    kept = cache.peek("k")
    assert kept is not None
    assert kept.value == "a"


async def test_nothing_is_shown_beyond_the_longest_age() -> None:
    hands = Hands()
    cache: FreshnessCache[str] = FreshnessCache(hands, keep_for=MINUTE)
    cache.put("k", "a")
    hands.now += MINUTE + timedelta(seconds=1)
    assert cache.peek("k") is None


async def test_a_failed_load_leaves_the_old_answer() -> None:
    cache: FreshnessCache[str] = FreshnessCache(Hands())
    cache.put("k", "old")

    async def fail() -> str:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        await cache.refresh("k", fail)
    kept = cache.peek("k")
    assert kept is not None
    assert kept.value == "old"


async def test_an_asker_that_gives_up_does_not_stop_the_load() -> None:
    cache: FreshnessCache[str] = FreshnessCache(Hands())
    release = asyncio.Event()

    async def slow() -> str:
        await release.wait()
        return "late"

    flight = cache.refresh("k", slow)
    done, _ = await asyncio.wait([flight], timeout=0)
    assert not done
    release.set()
    await asyncio.wait([flight])
    kept = cache.peek("k")
    assert kept is not None
    assert kept.value == "late"


async def test_a_dropped_entry_is_not_written_back_by_a_load_from_before() -> None:
    cache: FreshnessCache[str] = FreshnessCache(Hands())
    release = asyncio.Event()

    async def slow() -> str:
        await release.wait()
        return "before the change"

    flight = cache.refresh(("crm", 1), slow)
    await asyncio.sleep(0)
    cache.drop(lambda key: isinstance(key, tuple) and key[0] == "crm")
    release.set()
    await asyncio.wait([flight])
    assert cache.peek(("crm", 1)) is None


async def test_no_load_outlives_the_cache_even_when_its_answer_is_no_longer_wanted() -> None:
    cache: FreshnessCache[str] = FreshnessCache(Hands())

    async def never() -> str:
        await asyncio.Event().wait()
        return ""

    unwanted = cache.refresh("k", never)
    cache.drop(lambda _key: True)
    wanted = cache.refresh("k", never)
    await asyncio.sleep(0)
    await cache.aclose()
    assert (unwanted.cancelled(), wanted.cancelled()) == (True, True)


async def test_the_oldest_entry_goes_when_the_cache_is_full() -> None:
    cache: FreshnessCache[int] = FreshnessCache(Hands(), capacity=2)
    for number in range(3):
        cache.put(number, number)
    assert (cache.peek(0), cache.peek(2) is not None) == (None, True)
