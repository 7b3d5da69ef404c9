"""One profile out of what several systems say of the same person: the most trusted word wins, gaps are filled."""

from collections.abc import Sequence
from itertools import chain
from typing import Any

from tieline.domain.customer import Customer, Link
from tieline.domain.screen_pop import ShownCustomer
from tieline.domain.trusted import built

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
    "birth_date",
)
_UNITED = ("tags", "phones", "emails")


def shown_customer(customers: Sequence[Customer]) -> ShownCustomer:
    """Merge one person's records, given in order of trust; there must be at least one."""
    fields: dict[str, Any] = {}
    for customer in reversed(customers):
        fields |= {name: value for name in _TAKEN_WHOLE if (value := getattr(customer, name)) is not None}
    if "birth_date" in fields:
        fields["birth_date"] = str(fields["birth_date"])
    fields |= {name: _union(customers, name) for name in _UNITED}
    fields |= {"ref": str(customers[0].ref), "kind": customers[0].kind, "links": tuple(map(_link, filter(_has_url, customers)))}
    return built(ShownCustomer, fields)


def _union(customers: Sequence[Customer], name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(chain.from_iterable(getattr(customer, name) for customer in customers)))


def _has_url(customer: Customer) -> bool:
    return bool(customer.url)


def _link(customer: Customer) -> Link:
    return built(Link, {"system": customer.ref.connection, "url": customer.url})
