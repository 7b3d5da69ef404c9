"""When a number turns out to be a line of several people, without anybody marking it."""

from collections.abc import Iterable
from datetime import datetime, timedelta

PEOPLE_THAT_SHARE = 3
CHOICES_THAT_SHARE = 2
CHOICES_WITHIN = timedelta(days=30)


def looks_shared(active_people: int, choices: Iterable[tuple[str, datetime]], *, now: datetime) -> bool:
    """Say whether to mark the number shared. `choices`: who was chosen on it (a reference) and when."""
    recently = {ref for ref, at in choices if now - at <= CHOICES_WITHIN}
    return active_people >= PEOPLE_THAT_SHARE or len(recently) >= CHOICES_THAT_SHARE
