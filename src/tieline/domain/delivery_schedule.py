"""When a delivery is tried again, and when it is given up: the schedule as data.

At least ten attempts over at least 75 hours (promise R4). The waits carry full jitter: anything up to the number below, so that
what failed together does not come back together.
"""

from datetime import timedelta
from typing import Final

WAITS_S: Final = (5, 30, 120, 600, 1800, 3600, 7200, 14_400, 28_800, 43_200)
"""Seconds, after the first, second … failure; the last one repeats."""

LEAST_ATTEMPTS: Final = 10
TRIED_FOR_AT_LEAST: Final = timedelta(hours=75)

LONGEST_HINT_S: Final = 3600.0
"""A vendor that asks to be left alone for longer is asked again after an hour (fault F01)."""

SHORTEST_WAIT_S: Final = 1.0
LONGEST_HELD_BACK_S: Final = 600.0
"""What never reached the vendor, because it is paused or our limit is used up, comes back soon after the vendor does."""

MOST_FAULTS: Final = 5
"""A delivery that our own code failed at this often is laid aside (fault F29)."""

MOST_CRASHES: Final = 3
"""A delivery that this many workers died over is laid aside (fault F30)."""

ABSENT_TWICE_WITHIN: Final = timedelta(seconds=10)
"""What was looked for and not found is looked for once more, not sooner than this, before it is sent again."""


def wait_s(failures: int, *, chance: float, hint_s: float | None = None) -> float:
    """Return the seconds to the next attempt after so many failures. `chance` is drawn from 0 to 1; `hint_s` is the vendor's."""
    longest = WAITS_S[min(max(failures, 1), len(WAITS_S)) - 1]
    return max(SHORTEST_WAIT_S, longest * chance, min(hint_s or 0.0, LONGEST_HINT_S))


def held_back_s(times: int, *, chance: float, hint_s: float | None = None) -> float:
    """Return the seconds until what was held back for the so-manieth time is looked at again."""
    return min(wait_s(times, chance=chance, hint_s=hint_s), max(LONGEST_HELD_BACK_S, min(hint_s or 0.0, LONGEST_HINT_S)))


def is_exhausted(*, failures: int, held_back: int, tried_for: timedelta) -> bool:
    """Say whether enough was tried for long enough. What was held back counts: a vendor never there is not tried for ever."""
    return failures + held_back >= LEAST_ATTEMPTS and tried_for >= TRIED_FOR_AT_LEAST
