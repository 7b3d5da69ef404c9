"""Records a system has merged: whoever survived stands for all of them, and carries their numbers."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from tieline.domain.customer import Customer
from tieline.domain.people import KnownNumber
from tieline.domain.references import ExternalRef, survivor_of

MOST_FOLLOWED = 3
"""Records looked up by their id for one caller, redirects included."""

Heirs = Mapping[str, str]
"""The reference of each merged record that is known, and of whoever stands for it."""


def heirs_among(customers: Sequence[Customer]) -> Heirs:
    """Return who stands for whom, as far as the survivor's own record is at hand."""
    by_ref = {str(customer.ref): customer for customer in customers}
    found = {ref: _last_heir(customer, by_ref) for ref, customer in by_ref.items()}
    return {ref: heir for ref, heir in found.items() if heir is not None}


def without_merged(customers: Sequence[Customer], known: Iterable[KnownNumber], heirs: Heirs) -> tuple[Customer, ...]:
    """Leave merged records out; their survivors carry the numbers of the records and of the index's rows for them."""
    if not heirs:
        return tuple(customers)
    numbers: dict[str, list[str]] = {}
    for customer in customers:
        if str(customer.ref) in heirs:
            numbers.setdefault(heirs[str(customer.ref)], []).extend(customer.phones)
    for row in known:
        if str(row.ref) in heirs and not row.extension:
            numbers.setdefault(heirs[str(row.ref)], []).append(row.e164)
    standing = (customer for customer in customers if str(customer.ref) not in heirs)
    return tuple(_with_numbers(customer, numbers.get(str(customer.ref), ())) for customer in standing)


def as_their_heirs(known: Iterable[KnownNumber], heirs: Heirs) -> tuple[KnownNumber, ...]:
    """Return the index's rows under the references that stand for them now."""
    if not heirs:
        return tuple(known)
    return tuple(_renamed(row, heirs[str(row.ref)]) if str(row.ref) in heirs else row for row in known)


def _last_heir(customer: Customer, by_ref: Mapping[str, Customer]) -> str | None:
    """Follow a merge to the last record at hand; None: there is none beyond this one."""
    passed = {str(customer.ref)}
    heir, ref = None, survivor_of(customer.ref, customer.merged_into)
    while ref is not None and ref in by_ref and ref not in passed:
        passed.add(ref)
        heir, ref = ref, survivor_of(by_ref[ref].ref, by_ref[ref].merged_into)
    return heir


def _renamed(row: KnownNumber, ref: str) -> KnownNumber:
    connection, _, record_id = ref.partition(":")
    return replace(row, ref=ExternalRef(connection=connection, kind=row.ref.kind, id=record_id), display_name=None)


def _with_numbers(customer: Customer, numbers: Iterable[str]) -> Customer:
    added = tuple(dict.fromkeys(number for number in numbers if number not in customer.phones))
    return customer.model_copy(update={"phones": (*customer.phones, *added)}) if added else customer
