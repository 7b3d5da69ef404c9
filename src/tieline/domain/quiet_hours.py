"""When people are left alone, by the clock where they are."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

_STEPS: Final = 50


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From one time of day until another; past midnight if it ends earlier than it begins."""

    begins: time
    ends: time

    def hold(self, local: datetime) -> bool:
        """Say whether it is quiet at a local time."""
        now = local.timetz().replace(tzinfo=None)
        if self.begins <= self.ends:
            return self.begins <= now < self.ends
        return now >= self.begins or now < self.ends

    def over(self, local: datetime) -> datetime:
        """Return when they end that hold at a local time."""
        ends = local.replace(hour=self.ends.hour, minute=self.ends.minute, second=0, microsecond=0)
        return ends if ends > local else ends + timedelta(days=1)


def first_allowed(at: datetime, quiet: QuietHours | None, zones: Iterable[ZoneInfo]) -> datetime:
    """Return the first moment from `at` on at which it is quiet in none of the zones a customer may be in.

    If there is no such moment, as for zones all around the world, the first zone decides.
    """
    places: Sequence[ZoneInfo] = tuple(zones)
    if quiet is None or not places:
        return at
    return _first(at, quiet, places) or _first(at, quiet, places[:1]) or at


def _first(at: datetime, quiet: QuietHours, places: Sequence[ZoneInfo]) -> datetime | None:
    moment = at
    for _ in range(_STEPS):
        held = next((local for zone in places if quiet.hold(local := moment.astimezone(zone))), None)
        if held is None:
            return moment
        moment = quiet.over(held).astimezone(at.tzinfo)
    return None
