"""Which role holds which permission, as `rights.csv` has it."""

from collections.abc import Mapping

from tieline.security.rights import SERVICE_ROLE, rights

__all__ = ["ADMIN_ROLE", "SERVICE_ROLE", "permissions_of", "role_table"]

ADMIN_ROLE = "admin"
"""The role of local administrators."""


def role_table() -> Mapping[str, frozenset[str]]:
    """Return the roles people can have → their permissions."""
    return {role: held for role, held in rights().actions.items() if role != SERVICE_ROLE}


def permissions_of(role: str) -> frozenset[str]:
    """Return what `role` may do; nothing for a role the table does not know, and for keys, which are given scopes."""
    return rights().actions.get(role, frozenset())
