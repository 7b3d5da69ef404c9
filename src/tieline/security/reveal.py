"""Who may have which masked field shown in full, as `rights.csv` has it. What is not in it is shown to nobody.

An identity number is in it for nobody: showing one asks for a second sign-in within the last 15 minutes, which is not there yet.
"""

from collections.abc import Iterable
from typing import Final, Literal

from tieline.security.rights import rights

RevealField = Literal["phones", "emails", "address", "name", "birth_date"]
Reason = Literal["callback", "delivery", "identity_check", "complaint", "correction", "data_subject_request", "legal"]
PER_HOUR: Final = 30
"""Fields one person, or one key, may have shown in an hour."""


def may_reveal(role: str, field: RevealField, *, views: Iterable[str] = ()) -> bool:
    """Say whether a role may have a field shown; nothing for a role or a view that the table does not know."""
    table = rights()
    through = (table.revealed_through.get(view, frozenset()) for view in views)
    return field in table.reveals.get(role, frozenset()).intersection(*through)
