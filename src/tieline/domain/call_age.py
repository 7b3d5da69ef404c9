"""How old may the news of a ring be and still bring a card? Clocks that are wrong are told from news that is late."""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

MOST_SKEW: Final = timedelta(minutes=2)
"""An exchange's clock may be this far behind ours; an older event is late, whatever its clock."""
REMEMBERED: Final = 64
FORGOTTEN_AFTER: Final = timedelta(minutes=15)
NO_SKEW: Final = timedelta(0)


@dataclass(frozen=True, slots=True)
class CallPolicy:
    """The numbers of the rule book for calls. All settable; these are its defaults."""

    ring_age: timedelta = timedelta(seconds=15)
    answer_age: timedelta = timedelta(seconds=45)
    settle_after: timedelta = timedelta(seconds=5)
    lost_after: timedelta = timedelta(hours=4)
    review_expires_after: timedelta = timedelta(days=30)
    most_events: int = 500


@dataclass(slots=True)
class ClockSkew:
    """Estimates how far one exchange's clock lags behind ours.

    Delay only ever adds to the distance between "happened" and "heard", so the least distance lately seen is the clock's own
    error. A clock that runs ahead makes events look young, which needs no correction.
    """

    _seen: deque[tuple[datetime, timedelta]] = field(default_factory=lambda: deque(maxlen=REMEMBERED))

    def hear(self, *, at: datetime, received_at: datetime) -> None:
        """Take one event into account, unless it is too late to be explained by a clock."""
        distance = received_at - at
        if distance <= MOST_SKEW:
            self._seen.append((received_at, max(distance, NO_SKEW)))

    def lag(self, now: datetime) -> timedelta:
        """Return by how much events look older than they are; 0 to `MOST_SKEW`."""
        return min((distance for heard_at, distance in self._seen if now - heard_at <= FORGOTTEN_AFTER), default=NO_SKEW)
