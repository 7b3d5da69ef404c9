"""Who may have which masked field shown in full: one table, read once. What is not in it is shown to nobody.

An identity number is in it for nobody: showing one asks for a second sign-in within the last 15 minutes, which is not there yet.
"""

import csv
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Final, Literal

RevealField = Literal["phones", "emails", "address", "name", "birth_date"]
Reason = Literal["callback", "delivery", "identity_check", "complaint", "correction", "data_subject_request", "legal"]
PER_HOUR: Final = 30
"""Fields one person, or one key, may have shown in an hour."""


@cache
def reveal_table() -> Mapping[str, frozenset[str]]:
    """Return role → the fields it may have shown."""
    text = resources.files("tieline.security").joinpath("reveal.csv").read_text("utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    roles = [column for column in rows[0] if column != "field"]
    return {role: frozenset(row["field"] for row in rows if row[role] == "yes") for role in roles}


def may_reveal(role: str, field: RevealField) -> bool:
    """Say whether a role may have a field shown; nothing for a role the table does not know."""
    return field in reveal_table().get(role, frozenset())
