"""The rules customers are judged by, and the note that one is to be judged anew: in the transaction of what happened."""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final, NamedTuple

import orjson

from tieline.domain.standing import StandingRule
from tieline.services.customers.standing_file import CustomersEntry
from tieline.services.directory import Directory
from tieline.store import identity_of, number_marks, standings
from tieline.store.database import Transaction

SEVERAL: Final = ("shared", "company")
"""Marks of numbers that are several people's."""
KIND: Final = "customers"
"""The kind of the rules among the house rules."""


@dataclass(frozen=True, slots=True)
class StandingRules:
    """The rules that hold, and who is told."""

    rules: tuple[StandingRule, ...]
    write_to: tuple[str, ...]
    version: int


def rules_of(directory: Directory) -> StandingRules:
    """Return the rules that hold; without any stored, nobody is judged."""
    return _compiled(orjson.dumps(directory.policies.get(KIND) or {}), directory.policy_versions.get(KIND, 0))


class _Holder(NamedTuple):
    """Whose a number is: the one person's of this reference, or several people's; neither: nobody's we know."""

    ref: str | None = None
    several: bool = False


async def something_happened(
    tx: Transaction, directory: Directory, customer_ref: str | None, phone: str | None, *, now: datetime
) -> None:
    """Note that a customer is to be judged anew, if there are rules to judge them by.

    Of whom only the number is known, the one person is judged whose it is, as far as our index of numbers tells; a number of
    several people names nobody, and what was said from it is nobody's.
    """
    if not rules_of(directory).rules:
        return
    holder = await _holder(tx, directory, phone) if phone is not None else _Holder()
    ref = customer_ref or holder.ref
    if ref is not None:
        await standings.note_due(tx, ref, None if holder.several else phone, at=now)


async def _holder(tx: Transaction, directory: Directory, phone: str) -> _Holder:
    """Return whose number it is, in the most trusted system that knows it."""
    mark = await number_marks.find(tx, phone)
    if mark is not None and mark.mark in SEVERAL:
        return _Holder(several=True)
    for source in directory.sources.get("customer", ()):
        ids = await identity_of.ids_by_number(tx, phone, source.name)
        if ids:
            return _Holder(f"{source.name}:{ids[0]}") if len(ids) == 1 else _Holder(several=True)
    return _Holder()


@lru_cache(maxsize=4)
def _compiled(document: bytes, version: int) -> StandingRules:
    entry = CustomersEntry.model_validate(orjson.loads(document))
    return StandingRules(tuple(rule.rule for rule in entry.rules), entry.write_to, version)
