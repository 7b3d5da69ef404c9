"""How fast a backlog is worked off: so many a second and connection, however much waited (fault F49)."""

from collections.abc import Callable
from typing import Final

DRAIN_PER_S: Final = 10.0
"""Of each worker process, on top of what happens now: a vendor just recovered is not overrun."""
NOT_WORTH_WAITING_S: Final = 0.05


class Drain:
    """Hands out turns. `monotonic` returns seconds."""

    def __init__(self, monotonic: Callable[[], float], *, per_s: float = DRAIN_PER_S) -> None:
        self._monotonic = monotonic
        self._step_s = 1.0 / per_s
        self._next_s: dict[str, float] = {}

    def turn_in_s(self, connection: str) -> float:
        """Take the next free turn and return how many seconds away it is; 0 for now."""
        now_s = self._monotonic()
        turn_s = max(self._next_s.get(connection, now_s), now_s)
        self._next_s[connection] = turn_s + self._step_s
        wait_s = turn_s - now_s
        return wait_s if wait_s > NOT_WORTH_WAITING_S else 0.0
