"""When people work: opening hours by weekday, public holidays, and the weekend days worked in exchange for them.

A company's calendar is data: the hours from its own file, the holidays from the State Council's yearly notice
(`services/tickets/holidays_cn.yaml`). All arithmetic is in working time; instants come and go aware.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

Span = tuple[time, time]
"""From when to when, on one day. An end of 00:00 means midnight."""

MIDNIGHT: Final = time(0)
LONGEST_SEARCH_DAYS: Final = 400
WORKWEEK: Final[Mapping[int, tuple[Span, ...]]] = {day: ((time(9), time(18)),) for day in range(5)}


@dataclass(frozen=True)
class WorkingCalendar:
    """`hours`: weekday (Monday is 0) → spans; a day that is not there is free. `makeup_hours`: on a weekend day worked by decree.

    `known_until`: the last day whose holidays have been published; later days count by weekday alone.
    """

    zone: ZoneInfo
    hours: Mapping[int, tuple[Span, ...]] = field(default_factory=lambda: WORKWEEK)
    makeup_hours: tuple[Span, ...] = WORKWEEK[0]
    holidays: frozenset[date] = frozenset()
    workdays: frozenset[date] = frozenset()
    known_until: date | None = None

    def spans(self, day: date) -> tuple[Span, ...]:
        """Return the opening hours of one day."""
        if day in self.holidays:
            return ()
        usual = self.hours.get(day.weekday(), ())
        return usual or (self.makeup_hours if day in self.workdays else ())

    def is_open(self, at: datetime) -> bool:
        """Say whether somebody works at this moment."""
        day = at.astimezone(self.zone).date()
        return any(opens <= at < closes for opens, closes in self._openings_of(day))

    def after(self, start: datetime, working: timedelta) -> datetime:
        """Return the moment by which so much working time has passed since `start`.

        Raises: ValueError: there is not that much working time within a year.
        """
        left = working
        for opens, closes in self._openings(start):
            begin = max(opens, start)
            if closes - begin >= left:
                return begin + left
            left -= max(closes - begin, timedelta(0))
        raise ValueError("the calendar has too few working hours")

    def between(self, start: datetime, end: datetime) -> timedelta:
        """Return the working time between two moments; nothing if the second is not later."""
        spent = timedelta(0)
        for opens, closes in self._openings(start):
            if opens >= end:
                break
            spent += max(min(closes, end) - max(opens, start), timedelta(0))
        return spent

    def _openings(self, start: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Yield opening times from the day of `start` on, as instants."""
        first = start.astimezone(self.zone).date()
        for offset in range(LONGEST_SEARCH_DAYS):
            yield from self._openings_of(first + timedelta(days=offset))

    def _openings_of(self, day: date) -> Iterator[tuple[datetime, datetime]]:
        """Yield them in UTC: within one zone, differences would be of the clock on the wall, wrong on the day it is changed."""
        for opens, closes in self.spans(day):
            last = day + timedelta(days=1) if closes == MIDNIGHT else day
            yield (
                datetime.combine(day, opens, self.zone).astimezone(UTC),
                datetime.combine(last, closes, self.zone).astimezone(UTC),
            )
