"""How long a customer who was let down has waited, in steps that people act by."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final, Literal

AgeBucket = Literal["under_4h", "under_1d", "under_3d", "under_7d", "over_7d"]
LIMITS: Final[Mapping[AgeBucket, timedelta]] = {
    "under_4h": timedelta(hours=4),
    "under_1d": timedelta(days=1),
    "under_3d": timedelta(days=3),
    "under_7d": timedelta(days=7),
    "over_7d": timedelta.max,
}
"""Each step, and the age it ends just before."""


def bucket_of(age: timedelta) -> AgeBucket:
    """Return the step an age falls into."""
    return next(bucket for bucket, limit in LIMITS.items() if age < limit)
