"""A circuit breaker: a vendor that fails repeatedly is left alone for a while, then tried with a single call."""

from collections import deque
from collections.abc import Callable
from typing import Final, Literal

from tieline.domain.errors import CircuitOpen

FAILURES: Final = 5
WINDOW_S: Final = 10.0
OPEN_S: Final = 30.0
State = Literal["closed", "open", "half_open"]


class CircuitBreaker:
    """Opens after `FAILURES` failures within `WINDOW_S`; after `OPEN_S` one probe decides. `monotonic` returns seconds.

    A success makes up for one failure, so that a busy vendor is not cut off for one mistake in twenty.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._failures: deque[float] = deque(maxlen=FAILURES)
        self._opened_at: float | None = None
        self._probing = False

    @property
    def state(self) -> State:
        """Tell how it stands at this moment."""
        if self._opened_at is None:
            return "closed"
        return "half_open" if self._monotonic() - self._opened_at >= OPEN_S else "open"

    def admit(self) -> bool:
        """Let one call through and say whether it is the probe; it must end in `succeeded`, `failed` or `abandoned`.

        Raises: CircuitOpen: at once, with the seconds left.
        """
        if self._opened_at is None:
            return False
        left_s = OPEN_S - (self._monotonic() - self._opened_at)
        if left_s > 0 or self._probing:
            raise CircuitOpen(retry_after_s=max(left_s, 1.0))
        self._probing = True
        return True

    def succeeded(self, *, probe: bool) -> None:
        """The vendor answered like a healthy system."""
        if probe:
            self._probing = False
            self._opened_at = None
            self._failures.clear()
        elif self._failures:
            self._failures.popleft()

    def failed(self, *, probe: bool) -> None:
        """The vendor did not answer, or answered that it is broken."""
        if self._opened_at is not None and not probe:
            return  # A call from before it opened; what it met is known already.
        now = self._monotonic()
        self._failures.append(now)
        if probe or (len(self._failures) == FAILURES and now - self._failures[0] <= WINDOW_S):
            self._opened_at = now
        self._probing = self._probing and not probe

    def abandoned(self, *, probe: bool) -> None:
        """The caller gave up, or the answer says nothing about the vendor's health."""
        self._probing = self._probing and not probe
