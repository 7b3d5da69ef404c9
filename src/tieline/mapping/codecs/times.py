"""Codecs for dates and instants. An instant is always read into UTC; one that does not tell its zone is refused.

Where a zone's clocks go back, the repeated hour is read as its first run.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta, tzinfo
from email.utils import format_datetime, parsedate_to_datetime
from functools import partial
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tieline.mapping.codecs.codec import Codec, Shape
from tieline.mapping.codecs.time_format import TimeFormat
from tieline.mapping.exact import exact_decimal
from tieline.mapping.refusals import CodecRefused, Unreadable, Unwritable

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_PER_SECOND: Final[Mapping[str, int]] = {"s": 1, "ms": 1_000, "us": 1_000_000}
_TEXTUAL: Final = frozenset({Shape.TEXT, Shape.DATE, Shape.DATETIME})
_COUNTED: Final = frozenset({Shape.TEXT, Shape.INT, Shape.DECIMAL})


def in_utc(at: datetime, zone: tzinfo | None = None) -> datetime:
    """Return `at` in UTC, taken as `zone`'s time if it tells none. Raises: Unreadable: no zone, or out of range."""
    if at.tzinfo is None:
        if zone is None:
            raise Unreadable("the time does not tell its zone, and the row names none")
        at = at.replace(tzinfo=zone)
    try:
        return at.astimezone(UTC)
    except OverflowError as exc:
        raise Unreadable("out of range") from exc


def read_iso(value: object, zone: tzinfo | None = None) -> datetime:
    """Return the instant an ISO 8601 text tells. Raises: Unreadable."""
    if not isinstance(value, str):
        return in_utc(_instant(value), zone)
    try:
        at = datetime.fromisoformat(value)
    except ValueError as exc:
        raise Unreadable("not an ISO 8601 time") from exc
    return in_utc(at, zone)


def _instant(value: object) -> datetime:
    if not isinstance(value, datetime):
        raise Unreadable("not an ISO 8601 time")
    return value


def write_iso(value: object, zone: tzinfo = UTC) -> str:
    """Write an instant as `2026-11-22T02:00:00Z`, or with the offset of another zone."""
    return _aware(value).astimezone(zone).isoformat().replace("+00:00", "Z")


def read_date(value: object) -> date:
    """Return the day an ISO 8601 date tells; a time of day beside it is a mistake in the row. Raises: Unreadable."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        return date.fromisoformat(value) if isinstance(value, str) else _refuse_day()
    except ValueError as exc:
        raise Unreadable("not an ISO 8601 date") from exc


def write_date(value: object) -> str:
    """Write a day as `2026-11-22`."""
    return _day(value).isoformat()


def iso(zone: str = "") -> Codec:
    """`iso`: ISO 8601 with an offset. `iso(Asia/Shanghai)`: also without, then in that zone; written with its offset."""
    known = _zone(zone) if zone else None
    return Codec(partial(read_iso, zone=known), partial(write_iso, zone=known or UTC), Shape.DATETIME, _TEXTUAL)


def day(pattern: str = "") -> Codec:
    """`date`: `2026-11-22`. `date(%d.%m.%Y)`: by pattern; a time of day in the pattern is read over and written as zero."""
    if not pattern:
        return Codec(read_date, write_date, Shape.DATE, _TEXTUAL)
    known = TimeFormat(pattern)

    def write(value: object) -> str:
        of = _day(value)
        return known.write(datetime(of.year, of.month, of.day, tzinfo=UTC))

    return Codec(lambda value: known.read(value, UTC).date(), write, Shape.DATE, frozenset({Shape.TEXT}))


def time(pattern: str, zone: str = "") -> Codec:
    """`time(%Y-%m-%d %H:%M:%S, Asia/Shanghai)`: by pattern, in that zone; `%z` in the pattern makes the zone needless."""
    known = TimeFormat(pattern)
    if not known.has_zone and not zone:
        raise CodecRefused("time needs a zone, as in time(%Y-%m-%d, Asia/Shanghai)")
    where = _zone(zone) if zone else UTC
    read: Callable[[Any], datetime] = lambda value: in_utc(known.read(value, where))  # noqa: E731 - a pair of one-liners
    return Codec(read, lambda value: known.write(_aware(value).astimezone(where)), Shape.DATETIME, frozenset({Shape.TEXT}))


def epoch(unit: str) -> Codec:
    """`epoch(s)`, `epoch(ms)`, `epoch(us)`: since 1970 in UTC, as number or text; finer parts than the unit are not written."""
    per_second = _PER_SECOND.get(unit)
    if per_second is None:
        raise CodecRefused(f"epoch counts in {', '.join(_PER_SECOND)}")
    microseconds = 1_000_000 // per_second

    def read(value: object) -> datetime:
        count = value if value.__class__ is int else exact_decimal(value)
        if count is None:
            raise Unreadable("not a plain number")
        try:
            return _EPOCH + timedelta(microseconds=int(count * microseconds))
        except OverflowError as exc:
            raise Unreadable("out of range") from exc

    def write(value: object) -> int:
        return (_aware(value) - _EPOCH) // timedelta(microseconds=microseconds)

    return Codec(read, write, Shape.DATETIME, _COUNTED)


def rfc2822() -> Codec:
    """`rfc2822`: as in an e-mail header, `Sun, 22 Nov 2026 10:00:00 +0800`; written in UTC, without parts of a second."""

    def read(value: object) -> datetime:
        try:
            return in_utc(parsedate_to_datetime(str(value)), UTC)
        except ValueError as exc:
            raise Unreadable("not an RFC 2822 time") from exc

    return Codec(read, lambda value: format_datetime(_aware(value).astimezone(UTC)), Shape.DATETIME, frozenset({Shape.TEXT}))


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as exc:
        raise CodecRefused("no such time zone; zones are named as in Asia/Shanghai") from exc


def _aware(value: object) -> datetime:
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise Unwritable("not an instant with its zone")
    return value


def _day(value: object) -> date:
    if not isinstance(value, date) or isinstance(value, datetime):
        raise Unwritable("not a day")
    return value


def _refuse_day() -> date:
    raise Unreadable("not an ISO 8601 date")
