"""A cache that says how old its answer is, refreshes once for many askers, and never forgets while the source is down."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from datetime import datetime, timedelta
from typing import Generic, NamedTuple, TypeVar

from tieline.kit.clock import Clock

T = TypeVar("T")


class Kept(NamedTuple, Generic[T]):
    """A value and the instant it was true."""

    value: T
    as_of: datetime


class FreshnessCache(Generic[T]):
    """Bounded by `capacity` entries and by `keep_for`, the age after which even a stale answer is no longer shown."""

    def __init__(self, clock: Clock, *, capacity: int = 20_000, keep_for: timedelta = timedelta(hours=24)) -> None:
        self._clock = clock
        self._capacity = capacity
        self._keep_for = keep_for
        self._entries: OrderedDict[Hashable, Kept[T]] = OrderedDict()
        self._flights: dict[Hashable, asyncio.Task[T]] = {}
        self._loads: set[asyncio.Task[T]] = set()
        """Every load under way, those too whose answer is no longer to be kept."""

    def peek(self, key: Hashable) -> Kept[T] | None:
        """Return what is kept, however old within `keep_for`."""
        kept = self._entries.get(key)
        if kept is not None and self._clock() - kept.as_of > self._keep_for:
            del self._entries[key]
            return None
        return kept

    def fresh(self, key: Hashable, within: timedelta) -> Kept[T] | None:
        """Return what is kept if it is no older than `within`."""
        kept = self.peek(key)
        return kept if kept is not None and self._clock() - kept.as_of <= within else None

    def refresh(self, key: Hashable, load: Callable[[], Awaitable[T]]) -> asyncio.Task[T]:
        """Return the one load under way for `key`, starting it if there is none.

        The load outlives an asker that stops waiting, so that its answer still reaches the cache. Wait for it with
        `asyncio.wait` or `asyncio.shield`: cancelling the returned task cancels it for everybody.
        """
        flight = self._flights.get(key)
        if flight is None:
            flight = asyncio.get_running_loop().create_task(self._load(key, load))
            flight.add_done_callback(self._ended)
            self._flights[key] = flight
            self._loads.add(flight)
        return flight

    def _ended(self, load: "asyncio.Task[T]") -> None:
        """Read the end of a load nobody waits for any more, so that asyncio does not report it as unheard of."""
        self._loads.discard(load)
        if not load.cancelled():
            load.exception()

    async def _load(self, key: Hashable, load: Callable[[], Awaitable[T]]) -> T:
        flight = asyncio.current_task()
        try:
            value = await load()
            if self._flights.get(key) is flight:
                self.put(key, value)
            return value
        finally:
            if self._flights.get(key) is flight:
                del self._flights[key]

    def put(self, key: Hashable, value: T) -> None:
        """Keep a value that is true now."""
        self._entries[key] = Kept(value, self._clock())
        self._entries.move_to_end(key)
        while len(self._entries) > self._capacity:
            self._entries.popitem(last=False)

    def drop(self, matches: Callable[[Hashable], bool], *, only_if: Callable[[T], bool] = lambda _value: True) -> int:
        """Forget every key that matches and whose value is so, and all loads under way for them; say how many entries went."""
        for key in [key for key in self._flights if matches(key)]:
            del self._flights[key]
        doomed = [key for key, kept in self._entries.items() if matches(key) and only_if(kept.value)]
        for key in doomed:
            del self._entries[key]
        return len(doomed)

    async def aclose(self) -> None:
        """Cancel the loads under way and wait for their end."""
        loads = list(self._loads)
        for load in loads:
            load.cancel()
        await asyncio.gather(*loads, return_exceptions=True)
