"""One profile out of what several systems say of the same person: the most trusted word wins, gaps are filled."""

from collections.abc import Sequence
from itertools import chain
from typing import Any

from tieline.domain.customer import Customer, Link
from tieline.domain.screen_pop import ShownCustomer

_TAKEN_WHOLE = (
    "name",
    "company",
    "tier",
    "language",
    "region",
    "city",
    "address",
    "id_number",
    "owner",
    "note",
    "churn_risk",
    "registered_at",
)


def shown_customer(customers: Sequence[Customer]) -> ShownCustomer:
    """Merge one person's records, given in order of trust; there must be at least one."""
    first = customers[0]
    known = {name: value for name in _TAKEN_WHOLE if (value := _first(customers, name)) is not None}
    birth_date: object = _first(customers, "birth_date")
    return ShownCustomer(
        ref=str(first.ref),
        kind=first.kind,
        tags=_union(customers, "tags"),
        phones=_union(customers, "phones"),
        emails=_union(customers, "emails"),
        birth_date=str(birth_date) if birth_date is not None else None,
        links=tuple(Link(system=customer.ref.connection, url=customer.url) for customer in customers if customer.url),
        **known,
    )


def _first(customers: Sequence[Customer], name: str) -> Any:  # noqa: ANN401 - whatever the field holds
    for customer in customers:
        value = getattr(customer, name)
        if value is not None:
            return value
    return None


def _union(customers: Sequence[Customer], name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(chain.from_iterable(getattr(customer, name) for customer in customers)))
