"""Where a number may be on the clock: the time zones its prefix is used in."""

from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import phonenumbers
from phonenumbers import timezone

MANY: Final = 6
"""A number used in more zones than this (toll-free, satellite) tells nothing of where somebody is."""


@lru_cache(maxsize=4096)
def zones_of(e164: str) -> tuple[ZoneInfo, ...]:
    """Return the zones of a number; none if it tells nothing. Source: the carrier-prefix tables of libphonenumber."""
    try:
        names = timezone.time_zones_for_number(phonenumbers.parse(e164, None))
    except phonenumbers.NumberParseException:
        return ()
    known = tuple(name for name in names if name != timezone.UNKNOWN_TIMEZONE)
    if not 0 < len(known) <= MANY:
        return ()
    try:
        return tuple(ZoneInfo(name) for name in known)
    except ZoneInfoNotFoundError:
        return ()
