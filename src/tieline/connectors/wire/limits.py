"""How hard one connection presses on its vendor: calls a second, calls in flight, and a pause when the vendor asks for one.

Bulk work gets 70 % of either, so that a ring always finds room. A live call waits a quarter of a second for its turn and no more.
"""

import asyncio
from collections.abc import Callable
from typing import Final, Literal

from aiolimiter import AsyncLimiter

from tieline.connectors.manifest.schema import Limits
from tieline.domain.errors import CapacityExhausted, VendorThrottled
from tieline.kit.deadline import Deadline

Priority = Literal["live", "bulk"]
BULK_SHARE: Final = 0.7
LIVE_WAIT_S: Final = 0.25
UNHINTED_PAUSE_S: Final = 1.0


class _Lane:
    """One limiter and one semaphore, taken together."""

    def __init__(self, limits: Limits, share: float) -> None:
        burst = max(1.0, limits.burst * share)
        self.rate = AsyncLimiter(burst, burst / (limits.per_second * share))
        self.slots = asyncio.Semaphore(max(1, int(limits.concurrency * share)))

    def free(self) -> bool:
        """Say whether a call could start at once."""
        return not self.slots.locked() and self.rate.has_capacity()


class Throttle:
    """The limits of one connection. `monotonic` returns seconds."""

    def __init__(self, limits: Limits, monotonic: Callable[[], float]) -> None:
        self._all = _Lane(limits, 1.0)
        self._bulk = _Lane(limits, BULK_SHARE)
        self._monotonic = monotonic
        self._paused_until = 0.0

    def pause(self, wait_s: float | None) -> None:
        """Stop calling for as long as the vendor wished, or for a second when it did not say."""
        self._paused_until = max(self._paused_until, self._monotonic() + (wait_s or UNHINTED_PAUSE_S))

    def paused_s(self) -> float:
        """Return the seconds for which the vendor wishes to be left alone."""
        return max(0.0, self._paused_until - self._monotonic())

    def turn(self, priority: Priority, deadline: Deadline) -> "_Turn":
        """Hold a place for one exchange, by `async with`.

        Raises: VendorThrottled: the vendor asked for a pause that still lasts. CapacityExhausted: no place in time.
        """
        left_s = self.paused_s()
        if left_s:
            raise VendorThrottled("still pausing, as the other system asked", retry_after_s=left_s)
        if priority == "live":
            return _Turn((self._all,), deadline, at_most_s=LIVE_WAIT_S)
        return _Turn((self._bulk, self._all), deadline, at_most_s=deadline.remaining_s())


class _Turn:
    """A place in each of some lanes, taken in order and given back together."""

    __slots__ = ("_at_most_s", "_deadline", "_lanes", "_taken")

    def __init__(self, lanes: tuple[_Lane, ...], deadline: Deadline, *, at_most_s: float) -> None:
        self._lanes = lanes
        self._deadline = deadline
        self._at_most_s = at_most_s
        self._taken: list[_Lane] = []

    async def __aenter__(self) -> None:
        """Take the places. Raises: CapacityExhausted."""
        try:
            if all(lane.free() for lane in self._lanes):
                await self._take()
            else:
                await self._wait()
        except BaseException:
            self._give_back()
            raise

    async def __aexit__(self, *_: object) -> None:
        self._give_back()

    async def _wait(self) -> None:
        try:
            async with self._deadline.share(self._at_most_s):
                await self._take()
        except TimeoutError as exc:
            raise CapacityExhausted(retry_after_s=1.0) from exc

    async def _take(self) -> None:
        for lane in self._lanes:
            await lane.slots.acquire()
            self._taken.append(lane)
            await lane.rate.acquire()

    def _give_back(self) -> None:
        for lane in self._taken:
            lane.slots.release()
        self._taken.clear()
