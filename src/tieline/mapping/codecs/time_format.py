"""Dates and times by pattern, `%Y-%m-%d %H:%M:%S`: one table that reads and writes alike, in any locale, and strictly.

Each directive takes exactly the digits it would write; `%-m` and its like are without the leading zero. Letters of a pattern
stand for themselves, so a `Z` that is not UTC can be written down as a letter. Names of months and days are English.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any, Final, NamedTuple

from tieline.mapping.refusals import CodecRefused, Unreadable

_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_NOON: Final = 12


def _offset(text: str) -> timezone:
    if text == "Z":
        return UTC
    minutes = int(text[1:3]) * 60 + int(text[-2:])
    return timezone(timedelta(minutes=-minutes if text[0] == "-" else minutes))


class _Directive(NamedTuple):
    pattern: str
    part: str
    read: Callable[[str], Any]
    write: Callable[[datetime], str]


_TWO: Final = "[0-9]{2}"
_ONE_OR_TWO: Final = "[1-9]?[0-9]"
_DIRECTIVES: Final = {
    "Y": _Directive("[0-9]{4}", "year", int, lambda at: f"{at.year:04}"),
    "y": _Directive(_TWO, "year", lambda text: 2000 + int(text), lambda at: f"{at.year % 100:02}"),
    "m": _Directive(_TWO, "month", int, lambda at: f"{at.month:02}"),
    "-m": _Directive(_ONE_OR_TWO, "month", int, lambda at: str(at.month)),
    "b": _Directive("|".join(_MONTHS), "month", lambda text: _MONTHS.index(text) + 1, lambda at: _MONTHS[at.month - 1]),
    "d": _Directive(_TWO, "day", int, lambda at: f"{at.day:02}"),
    "-d": _Directive(_ONE_OR_TWO, "day", int, lambda at: str(at.day)),
    "a": _Directive("|".join(_DAYS), "weekday", _DAYS.index, lambda at: _DAYS[at.weekday()]),
    "H": _Directive(_TWO, "hour", int, lambda at: f"{at.hour:02}"),
    "-H": _Directive(_ONE_OR_TWO, "hour", int, lambda at: str(at.hour)),
    "I": _Directive(_TWO, "half_hour", int, lambda at: f"{(at.hour - 1) % _NOON + 1:02}"),
    "-I": _Directive(_ONE_OR_TWO, "half_hour", int, lambda at: str((at.hour - 1) % _NOON + 1)),
    "p": _Directive("AM|PM", "afternoon", "PM".__eq__, lambda at: "AM" if at.hour < _NOON else "PM"),
    "M": _Directive(_TWO, "minute", int, lambda at: f"{at.minute:02}"),
    "S": _Directive(_TWO, "second", int, lambda at: f"{at.second:02}"),
    "f": _Directive("[0-9]{1,6}", "microsecond", lambda text: int(text.ljust(6, "0")), lambda at: f"{at.microsecond:06}"),
    "z": _Directive("Z|[+-][0-9]{2}:?[0-9]{2}", "tzinfo", _offset, lambda at: f"{at:%z}"),
}
_TOKEN: Final = re.compile(r"%(-?[a-zA-Z%])|([^%]+)")
_ORDER: Final = ("year", "month", "day", "hour", "minute", "second")
_WHOLE_DAY: Final = frozenset({"year", "month", "day"})


class TimeFormat:
    """A compiled pattern. `has_zone` says whether the text itself tells its offset."""

    def __init__(self, pattern: str) -> None:
        """Compile `pattern`. Raises: CodecRefused: an unknown or repeated directive, or a day that is not whole."""
        self._pieces = _pieces(pattern)
        directives = [piece for piece in self._pieces if isinstance(piece, _Directive)]
        parts = [directive.part for directive in directives]
        if len(parts) > len(set(parts)) or not set(parts) >= _WHOLE_DAY or ("half_hour" in parts) != ("afternoon" in parts):
            raise CodecRefused("a pattern names year, month and day once each, and %I only with %p")
        self.has_zone = "tzinfo" in parts
        self._reads = tuple((directive.part, directive.read) for directive in directives)
        self._is_in_order = parts == list(_ORDER[: len(parts)]) and all(directive.read is int for directive in directives)
        self._split_hour = "half_hour" in parts
        self._weekday = "weekday" in parts
        self._match = re.compile(
            "".join(f"({piece.pattern})" if isinstance(piece, _Directive) else re.escape(piece) for piece in self._pieces)
        ).fullmatch

    def read(self, text: object, zone: tzinfo) -> datetime:
        """Return the time `text` tells, in `zone` unless the pattern has an offset. Raises: Unreadable."""
        found = self._match(text) if isinstance(text, str) else None
        if found is None:
            raise Unreadable("not written in the pattern of the row")
        try:
            return _in_order(found, zone) if self._is_in_order else self._assemble(found, zone)
        except ValueError as exc:
            raise Unreadable("no such date or time") from exc

    def _assemble(self, found: re.Match[str], zone: tzinfo) -> datetime:
        parts = {part: read(word) for (part, read), word in zip(self._reads, found.groups(), strict=True)}
        if self._weekday:
            parts.pop("weekday")
        if self._split_hour:
            parts["hour"] = parts.pop("half_hour") % _NOON + _NOON * parts.pop("afternoon")
        at_zone = parts.pop("tzinfo", zone)
        return datetime(**parts, tzinfo=at_zone)

    def write(self, at: datetime) -> str:
        """Write `at` by the pattern, in the zone it is in."""
        return "".join(piece.write(at) if isinstance(piece, _Directive) else piece for piece in self._pieces)


def _in_order(found: re.Match[str], zone: tzinfo) -> datetime:
    """Build the time of the commonest patterns, year to second, without naming the parts: half the cost."""
    year, month, day, hour, minute, second = (*map(int, found.groups()), 0, 0, 0)[: len(_ORDER)]
    return datetime(year, month, day, hour, minute, second, tzinfo=zone)


def _pieces(pattern: str) -> tuple[_Directive | str, ...]:
    pieces: list[_Directive | str] = []
    for directive, letters in _TOKEN.findall(pattern):
        piece = letters or ("%" if directive == "%" else _DIRECTIVES.get(directive))
        if piece is None:
            raise CodecRefused(f"unknown directive; known are {' '.join('%' + name for name in _DIRECTIVES)}")
        pieces.append(piece)
    if pattern.count("%") != sum(1 + (found[0] == "%") for found in _TOKEN.findall(pattern) if found[0]):
        raise CodecRefused("a lone % at the end; a percent sign itself is written %%")
    return tuple(pieces)
