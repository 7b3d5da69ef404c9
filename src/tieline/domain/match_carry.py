"""Whether, and how, a person carries the caller's number: exactly, behind an extension, as a direct number, since when."""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal, NamedTuple

from tieline.domain.customer import Customer
from tieline.domain.dial_plan import DialPlan
from tieline.domain.line import Line
from tieline.domain.people import KnownNumber, Person
from tieline.domain.phone import PhoneNumber
from tieline.domain.phone_normalise import equal
from tieline.domain.phone_range import read_range
from tieline.domain.phone_written import numbers_written_in

Reach = Literal["same_extension", "plain", "behind_extension", "other_extension"]

LINKED = "linked"
"""The label of a number that a reviewer gave to a record; the record itself need not name it."""

_NOT_DIRECT = ("company", "office", "work main", "main", "switchboard", "reception", "fax", "home", "family")
_NOT_DIRECT_CHINESE = ("总机", "前台", "公司", "单位", "传真", "家庭", "住宅")


class Carriage(NamedTuple):
    """How one person carries the number. `direct`: True by flag, False by label, None unsaid."""

    reach: Reach
    direct: bool | None
    verified: bool
    seen_at: datetime | None


def really_has(customer: Customer, caller: PhoneNumber, *, line: Line) -> bool:
    """Say whether one of the customer's own numbers is the caller's; vendors' searches also return near misses.

    A company has every number of a block it keeps (`+86 10 6554 3800-3899`).
    """
    if any(equal(phone, caller) for written in customer.phones for phone in numbers_written_in(written, line=line)):
        return True
    return customer.kind == "organization" and any(_in_block(written, caller, line) for written in customer.phones)


def carriers(
    customers: Iterable[Customer], known: Iterable[KnownNumber], caller: PhoneNumber, *, line: Line
) -> tuple[tuple[Customer, ...], tuple[KnownNumber, ...]]:
    """Keep the records that really carry the number.

    A customer counts too if the index knows its record by exactly this number, and the record names no telephone, or the number
    was confirmed or linked by a person.
    """
    rows = tuple(row for row in known if row.e164 == caller.key)
    by_index = {str(row.ref) for row in rows}
    confirmed = {str(row.ref) for row in rows if row.verified or row.label == LINKED}
    kept = tuple(
        customer
        for customer in customers
        if really_has(customer, caller, line=line) or str(customer.ref) in (confirmed if customer.phones else by_index)
    )
    return kept, rows


def how_carried(person: Person, caller: PhoneNumber, *, line: Line) -> Carriage:
    """Return how the person carries the number, by their records and their rows of the index."""
    rows = [row for row in person.known if row.e164 == caller.key]
    written = (
        phone for customer in person.customers for text in customer.phones for phone in numbers_written_in(text, line=line)
    )
    extensions = {row.extension or "" for row in rows} | {phone.extension or "" for phone in written if equal(phone, caller)}
    return Carriage(
        reach=_reach(extensions or {""}, caller.extension),
        direct=_direct(rows),
        verified=any(row.verified for row in rows),
        seen_at=max((row.seen_at for row in rows if row.seen_at is not None), default=None),
    )


def _in_block(written: str, caller: PhoneNumber, line: Line) -> bool:
    block = read_range(written, DialPlan.of(line))
    return block is not None and block.holds(caller)


def _reach(extensions: set[str], called_from: str | None) -> Reach:
    if called_from and called_from in extensions:
        return "same_extension"
    if "" in extensions:
        return "plain"
    return "other_extension" if called_from else "behind_extension"


def _direct(rows: Iterable[KnownNumber]) -> bool | None:
    flags = [row.direct or None if row.direct or not _label_says_shared(row.label) else False for row in rows]
    if True in flags:
        return True
    return False if False in flags else None


def _label_says_shared(label: str | None) -> bool:
    folded = (label or "").casefold().strip()
    return folded in _NOT_DIRECT or any(word in folded for word in _NOT_DIRECT_CHINESE)
