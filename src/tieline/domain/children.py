"""Whether a customer is a child under fourteen, whose data needs a guardian's consent: PIPL art. 28 and 31."""

from datetime import date
from typing import Final

from tieline.domain.customer import Customer

OF_AGE: Final = 14
"""Years."""

CHILD_TAGS: Final = frozenset({"未成年人", "未满14周岁", "儿童", "minor", "under 14", "child"})
"""Words by which systems without a day of birth mark a child; compared without regard to capitals."""


def child_until(customer: Customer, *, today: date) -> date | None:
    """Return the day from which on they are no child; None: they are none today, as far as their system says.

    A child by its tag alone is one for as long as it is tagged: the day given is a year from now.
    """
    if customer.birth_date is not None:
        of_age = _in_years(customer.birth_date, OF_AGE)
        return of_age if today < of_age else None
    tagged = any(tag.strip().casefold() in CHILD_TAGS for tag in customer.tags)
    return _in_years(today, 1) if tagged else None


def _in_years(day: date, years: int) -> date:
    """The 29th of February has its birthday on the first of March."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)
