"""How vendors want a moment written: counted since 1970, ISO 8601, RFC 2822, or by pattern in some zone."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Final
from zoneinfo import ZoneInfo

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NAMED: Final[Mapping[str, Callable[[datetime], object]]] = {
    "epoch_s": lambda at: (at - _EPOCH) // timedelta(seconds=1),
    "epoch_ms": lambda at: (at - _EPOCH) // timedelta(milliseconds=1),
    "epoch_us": lambda at: (at - _EPOCH) // timedelta(microseconds=1),
    "iso": lambda at: at.isoformat(timespec="seconds"),
    "rfc2822": format_datetime,
}


def moment_writer(written: str, zone: str) -> Callable[[object], object]:
    """Return what writes a moment, given as one or as ISO text with its zone, the way `written` says.

    Raises: ValueError: neither a name nor a pattern with %, or no zone. What is returned raises it for what is no moment.
    """
    local = ZoneInfo(zone) if zone else UTC
    write = _NAMED.get(written)
    if write is None:
        if "%" not in written:
            message = f"a time is written {', '.join(_NAMED)}, or by a pattern such as %Y-%m-%d %H:%M:%S"
            raise ValueError(message)
        write = lambda at: at.strftime(written)  # noqa: E731 - one more row of the table
    writer = write
    return lambda value: writer(moment_of(value).astimezone(local))


def moment_of(value: object) -> datetime:
    """Return a moment given as one or as ISO text. Raises: ValueError: neither, or one that does not tell its zone."""
    at = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    if at.tzinfo is None:
        raise ValueError("a moment without its zone")
    return at
