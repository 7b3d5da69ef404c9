"""Which role holds which permission: one table, read once."""

import csv
from collections.abc import Mapping
from functools import cache
from importlib import resources

from tieline.security.permissions import PERMISSIONS

SERVICE_ROLE = "service"
"""The role of every API key; its permissions are the scopes it was given."""


@cache
def role_table() -> Mapping[str, frozenset[str]]:
    """Return role → permissions as written in `roles.csv`. Raises: ValueError: the table and `PERMISSIONS` disagree."""
    text = resources.files("tieline.security").joinpath("roles.csv").read_text("utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    listed = [row["permission"] for row in rows]
    if sorted(listed) != sorted(PERMISSIONS):
        message = f"roles.csv and PERMISSIONS disagree: {sorted(set(listed) ^ set(PERMISSIONS))}"
        raise ValueError(message)
    roles = [column for column in rows[0] if column != "permission"]
    return {role: frozenset(row["permission"] for row in rows if row[role] == "yes") for role in roles}


def permissions_of(role: str) -> frozenset[str]:
    """Return what `role` may do; nothing for a role the table does not know."""
    return role_table().get(role, frozenset())
