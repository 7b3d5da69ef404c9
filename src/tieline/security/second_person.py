"""Which actions ask for a second person, and who that may be: the rows `approve` of `rights.csv` (S40).

Whoever runs the server may leave actions out, by a setting; nobody who administers the application can.
"""

from typing import Final

from tieline.domain.errors import ConfigRefused
from tieline.security.rights import rights

RULES_LOOSEN: Final = "rules.loosen"
IDENTITY_REVEAL: Final = "identity.reveal"
EXPORT_BULK: Final = "export.bulk"
KEY_CHANGE: Final = "key.change"

ALL: Final = "all"


def guarded(setting: str) -> frozenset[str]:
    """Read the setting `second_person`: `all`, or actions separated by commas; empty: none. Raises: ConfigRefused."""
    known = rights().says["approve"].keys()
    named = frozenset(word.strip() for word in setting.split(",") if word.strip())
    if named == {ALL}:
        return frozenset(known)
    if not named <= known:
        raise ConfigRefused("TIELINE_SECOND_PERSON names what is not guarded", hint=f"It takes {ALL}, or: {', '.join(known)}.")
    return named


def approvable(role: str) -> frozenset[str]:
    """Return the actions a role may be the second person for: none for a key's, nor for one the table does not know."""
    return rights().approves.get(role, frozenset())


def may_approve(role: str, action: str) -> bool:
    """Say whether a role may be the second person for an action."""
    return action in approvable(role)
