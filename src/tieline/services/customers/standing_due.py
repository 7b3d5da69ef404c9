"""The rules customers are judged by, and the note that one is to be judged anew: in the transaction of what happened."""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final

import orjson

from tieline.domain.standing import StandingRule
from tieline.services.customers.standing_file import CustomersEntry
from tieline.services.directory import Directory
from tieline.store import standings
from tieline.store.database import Transaction

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
    """Note that a customer is to be judged anew, if there are rules to judge them by."""
    if customer_ref is not None and rules_of(directory).rules:
        await standings.note_due(tx, customer_ref, phone, at=now)


@lru_cache(maxsize=4)
def _compiled(document: bytes, version: int) -> StandingRules:
    entry = CustomersEntry.model_validate(orjson.loads(document))
    return StandingRules(tuple(rule.rule for rule in entry.rules), entry.write_to, version)
