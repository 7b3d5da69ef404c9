"""The rules customers are judged by, and the note that one is to be judged anew: in the transaction of what happened."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final

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


async def something_happened(
    tx: Transaction, directory: Directory, customer_ref: str | None, phone: str | None, *, now: datetime
) -> None:
    """Note that a customer is to be judged anew, if there are rules to judge them by.

    Of whom only the number is known, the one person is judged whose it is, as far as our index of numbers tells; a number of
    several people names nobody, and what was said from it is nobody's.
    """
    if not rules_of(directory).rules:
        return
    held_by = await _held_by(tx, directory, phone) if phone is not None else ()
    ref = customer_ref or (held_by[0] if len(held_by) == 1 else None)
    if ref is not None:
        await standings.note_due(tx, ref, phone if len(held_by) <= 1 else None, at=now)


async def _held_by(tx: Transaction, directory: Directory, phone: str) -> Sequence[str]:
    """Return whose number it is in the most trusted system that knows it: references, none or several."""
    mark = await number_marks.find(tx, phone)
    if mark is not None and mark.mark in SEVERAL:
        return SEVERAL
    for source in directory.sources.get("customer", ()):
        ids = await identity_of.ids_by_number(tx, phone, source.name)
        if ids:
            return [f"{source.name}:{one}" for one in ids]
    return ()


@lru_cache(maxsize=4)
def _compiled(document: bytes, version: int) -> StandingRules:
    entry = CustomersEntry.model_validate(orjson.loads(document))
    return StandingRules(tuple(rule.rule for rule in entry.rules), entry.write_to, version)
