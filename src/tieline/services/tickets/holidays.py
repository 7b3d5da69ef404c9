"""The public holidays a calendar may name, read from the file kept for each country."""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib import resources
from typing import Any, Final

import yaml

COUNTRIES: Final = ("CN",)


@dataclass(frozen=True, slots=True)
class PublicHolidays:
    """Days off, weekend days worked in exchange, and the last day of the last year that has been announced."""

    off: frozenset[date]
    worked: frozenset[date]
    known_until: date


@cache
def public_holidays(country: str) -> PublicHolidays:
    """Return a country's holidays, all years known. Raises: FileNotFoundError: none of `COUNTRIES`."""
    file = resources.files("tieline.services.tickets").joinpath(f"holidays_{country.lower()}.yaml")
    years: dict[int, dict[str, Any]] = yaml.safe_load(file.read_text("utf-8"))["years"]
    return PublicHolidays(
        off=frozenset(day for year in years.values() for first, last in year["free"] for day in _days(first, last)),
        worked=frozenset(day for year in years.values() for day in year["worked"]),
        known_until=date(max(years), 12, 31),
    )


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=offset) for offset in range((last - first).days + 1)]
