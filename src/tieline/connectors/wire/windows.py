"""Limits that vendors count strictly: at most so many calls in any span of time, of all or of those that share a key."""

from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

MOST_KEYS: Final = 10_000


class OwnWindow(NamedTuple):
    """One limit as it applies to one call: whom it counts, how many in how many seconds."""

    key: str
    calls: int
    every_s: float


class Windows:
    """Remembers when calls were made, for every key. `monotonic` returns seconds."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._made: OrderedDict[str, deque[float]] = OrderedDict()

    def wait_s(self, windows: Iterable[OwnWindow], share: float) -> float:
        """Return how long a call must wait that may use only `share` of each window; 0: it may go now."""
        now_s = self._monotonic()
        return max((self._one(window, max(1, int(window.calls * share)), now_s) for window in windows), default=0.0)

    def note(self, windows: Iterable[OwnWindow]) -> None:
        """Count a call. The key that was used longest ago is forgotten when there are too many."""
        for window in windows:
            self._made.setdefault(window.key, deque()).append(self._monotonic())
            self._made.move_to_end(window.key)
        while len(self._made) > MOST_KEYS:
            self._made.popitem(last=False)

    def _one(self, window: OwnWindow, calls: int, now_s: float) -> float:
        made = self._made.get(window.key)
        while made and made[0] <= now_s - window.every_s:
            made.popleft()
        return max(0.0, made[-calls] + window.every_s - now_s) if made and len(made) >= calls else 0.0
