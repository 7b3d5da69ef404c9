"""Who may have which masked field shown in full, as `rights.csv` has it. What is not in it is shown to nobody.

What the catalogue of fields calls sensitive is shown to whoever has signed in within the last 15 minutes, once a second person
has approved it.
"""

from collections.abc import Iterable
from typing import Final, Literal

from tieline.security.field_catalogue import field_catalogue
from tieline.security.rights import rights

RevealField = Literal["phones", "emails", "address", "name", "birth_date", "id_number"]
Reason = Literal["callback", "delivery", "identity_check", "complaint", "correction", "data_subject_request", "legal"]
PER_HOUR: Final = 30
"""Fields one person, or one key, may have shown in an hour."""


def is_sensitive(field: RevealField) -> bool:
    """Say whether a field is of a kind that the catalogue calls sensitive."""
    catalogue = field_catalogue()
    return catalogue.kinds[catalogue.models["customer"].holds[field]].sensitivity == "sensitive"


def may_reveal(role: str, field: RevealField, *, views: Iterable[str] = ()) -> bool:
    """Say whether a role may have a field shown; nothing for a role or a view that the table does not know."""
    table = rights()
    through = (table.revealed_through.get(view, frozenset()) for view in views)
    return field in table.reveals.get(role, frozenset()).intersection(*through)


def revealed_to(role: str) -> tuple[str, ...]:
    """Return the fields a role may have shown, where nothing narrows it."""
    return tuple(sorted(rights().reveals.get(role, frozenset())))
