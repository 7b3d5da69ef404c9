"""When is one working day from now?"""

from datetime import datetime, timedelta

SATURDAY = 5


def next_working_day(now: datetime) -> datetime:
    """Return the same time of day on the next day that is neither Saturday nor Sunday."""
    day = now + timedelta(days=1)
    while day.weekday() >= SATURDAY:
        day += timedelta(days=1)
    return day
