"""How vendors write a moment, read: counted since 1970, ISO 8601, RFC 2822, or by pattern in some zone."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final
from zoneinfo import ZoneInfo

# What lies outside is a counter or a mistake.
EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(2100, 1, 1, tzinfo=UTC)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_UNITS: Final[Mapping[str, timedelta]] = {
    "epoch_s": timedelta(seconds=1),
    "epoch_ms": timedelta(milliseconds=1),
    "epoch_us": timedelta(microseconds=1),
}


def moment_reader(written: str, zone: str) -> Callable[[object], datetime | None]:
    """Return a reader; what it cannot read, or finds outside 2000-2100, is None. `zone` is for moments that name none.

    Raises: ValueError, KeyError: there is no such zone.
    """
    local = ZoneInfo(zone) if zone else UTC
    unit = _UNITS.get(written)

    def read(value: object) -> datetime | None:
        try:
            moment = _EPOCH + unit * float(str(value)) if unit else _from_text(str(value), written)
        except (ValueError, OverflowError):
            return None
        aware = moment if moment.tzinfo else moment.replace(tzinfo=local)
        return aware if EARLIEST <= aware <= LATEST else None

    return read


def _from_text(text: str, written: str) -> datetime:
    match written:
        case "iso":
            return datetime.fromisoformat(text)
        case "rfc2822":
            return parsedate_to_datetime(text)
        case _:
            return datetime.strptime(text, written)  # noqa: DTZ007 - the zone is set by the caller
