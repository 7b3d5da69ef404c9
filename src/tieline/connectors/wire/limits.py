"""How hard one connection presses on its vendor: calls a second, calls in flight, counted windows, pauses when asked.

Bulk work gets 70 % of each, so that a ring always finds room. A live call waits a quarter of a second for its turn and no more.
"""

import asyncio
from collections.abc import Callable
from typing import Final, Literal, NamedTuple

from aiolimiter import AsyncLimiter

from tieline.connectors.manifest.schema import Limits
from tieline.connectors.wire.windows import OwnWindow, Windows
from tieline.domain.errors import CapacityExhausted, VendorThrottled
from tieline.kit.deadline import Deadline

Priority = Literal["live", "bulk"]
BULK_SHARE: Final = 0.7
LIVE_WAIT_S = 0.25
UNHINTED_PAUSE_S: Final = 1.0
LONGEST_UNHINTED_S: Final = 64.0
FORGIVEN_EVERY_S: Final = 10.0
FORGIVEN: Final = 0.1


class _Lane:
    """One limiter and one semaphore, taken together."""

    def __init__(self, limits: Limits, share: float) -> None:
        burst = max(1.0, limits.burst * share)
        self.rate = AsyncLimiter(burst, burst / (limits.per_second * share))
        self.slots = asyncio.Semaphore(max(1, int(limits.concurrency * share)))

    def free(self) -> bool:
        """Say whether a call could start at once."""
        return not self.slots.locked() and self.rate.has_capacity()


class _Unhinted:
    """How long to pause when a vendor does not say: twice as long each time, a tenth less for every ten quiet seconds (F02)."""

    def __init__(self) -> None:
        self._pause_s = 0.0
        self._at_s = 0.0

    def next(self, now_s: float) -> float:
        """Return the seconds of the pause that begins now."""
        left_s = self._pause_s * (1 - FORGIVEN) ** ((now_s - self._at_s) / FORGIVEN_EVERY_S)
        self._pause_s, self._at_s = min(max(UNHINTED_PAUSE_S, left_s * 2), LONGEST_UNHINTED_S), now_s
        return self._pause_s


class Throttle:
    """The limits of one connection. `monotonic` returns seconds."""

    def __init__(self, limits: Limits, monotonic: Callable[[], float]) -> None:
        self._all = _Lane(limits, 1.0)
        self._bulk = _Lane(limits, BULK_SHARE)
        self._monotonic = monotonic
        self._windows = Windows(monotonic)
        self._of_all = tuple(OwnWindow(str(place), each.calls, each.every_s) for place, each in enumerate(limits.windows))
        self._paused_until = 0.0
        self._unhinted = _Unhinted()

    def pause(self, wait_s: float | None) -> None:
        """Stop calling for as long as the vendor wished; when it did not say, longer each time it has to say so again."""
        now_s = self._monotonic()
        if wait_s is None and self.paused_s():
            return  # The answer to a call that was under way as the pause began says nothing new.
        self._paused_until = max(self._paused_until, now_s + (self._unhinted.next(now_s) if wait_s is None else wait_s))

    def paused_s(self) -> float:
        """Return the seconds for which the vendor wishes to be left alone."""
        return max(0.0, self._paused_until - self._monotonic())

    def turn(self, priority: Priority, deadline: Deadline, *, own: tuple[OwnWindow, ...] = ()) -> "_Turn":
        """Hold a place for one exchange, by `async with`. `own`: the windows of the operation, beside those of the connection.

        Raises: VendorThrottled: the vendor asked for a pause that still lasts. CapacityExhausted: no place in time.
        """
        left_s = self.paused_s()
        if left_s:
            raise VendorThrottled("still pausing, as the other system asked", retry_after_s=left_s)
        counted = _Counted(self._windows, (*self._of_all, *own), 1.0 if priority == "live" else BULK_SHARE)
        if priority == "live":
            return _Turn((self._all,), counted, deadline, at_most_s=LIVE_WAIT_S)
        return _Turn((self._bulk, self._all), counted, deadline, at_most_s=deadline.remaining_s())


class _Counted(NamedTuple):
    """The windows one call counts in, and the share of them it may use."""

    windows: Windows
    own: tuple[OwnWindow, ...]
    share: float

    async def enter(self, deadline: Deadline, at_most_s: float) -> None:
        """Wait until the call may be made, and count it. Raises: CapacityExhausted: not in time; it says when."""
        while wait_s := self.windows.wait_s(self.own, self.share):
            if wait_s > min(at_most_s, deadline.remaining_s()):
                raise CapacityExhausted("the other system counts calls, and there were enough", retry_after_s=wait_s)
            await asyncio.sleep(wait_s)
        self.windows.note(self.own)


class _Turn:
    """A place in each of some lanes, taken in order and given back together."""

    __slots__ = ("_at_most_s", "_counted", "_deadline", "_lanes", "_taken")

    def __init__(self, lanes: tuple[_Lane, ...], counted: _Counted, deadline: Deadline, *, at_most_s: float) -> None:
        self._lanes = lanes
        self._counted = counted
        self._deadline = deadline
        self._at_most_s = at_most_s
        self._taken: list[_Lane] = []

    async def __aenter__(self) -> None:
        """Take the places. Raises: CapacityExhausted."""
        if self._counted.own:
            await self._counted.enter(self._deadline, self._at_most_s)
        try:
            if all(map(_Lane.free, self._lanes)):
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
