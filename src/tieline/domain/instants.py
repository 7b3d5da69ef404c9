"""Moments as others write them: RFC 3339 text with an offset, within living memory and the foreseeable future."""

import re
from datetime import datetime
from typing import Annotated, Final

from pydantic import AfterValidator, AwareDatetime, BeforeValidator
from pydantic_core import PydanticCustomError

EARLIEST_YEAR: Final = 2000
LATEST_YEAR: Final = 2100
_WRITTEN: Final = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}(:\d{2}([.,]\d{1,9})?)?([Zz]|[+-]\d{2}:?\d{2})", re.ASCII)


def _read(written: object) -> object:
    """Read text by the one grammar. Pydantic's own would also take "1700000000" and guess between seconds and milliseconds."""
    if not isinstance(written, str):
        return written
    if not _WRITTEN.fullmatch(written):
        raise PydanticCustomError("datetime_parsing", "an instant is written 2026-11-22T10:00:00+08:00")
    try:
        return datetime.fromisoformat(written.upper())
    except ValueError as exc:
        raise PydanticCustomError("datetime_parsing", "there is no such instant") from exc


def _within_range(instant: datetime) -> datetime:
    if not EARLIEST_YEAR <= instant.year < LATEST_YEAR:
        raise PydanticCustomError("datetime_range", "the year is not plausible")
    return instant


Instant = Annotated[AwareDatetime, BeforeValidator(_read), AfterValidator(_within_range)]
