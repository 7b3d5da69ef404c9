"""One mask for each kind of personal value, at two levels: what an agent sees, and what logs, exports and models may see.

The kind comes from the catalogue of fields, never from guessing at the value. Formats: rule book for security and privacy, 5.2.
Masking twice changes nothing, and no mask ever raises.
"""

from collections.abc import Callable, Mapping
from typing import Literal

from tieline.domain import masking_numbers as numbers
from tieline.domain import masking_text
from tieline.domain import masking_words as words

MaskKind = Literal[
    "phone",
    "id_card",
    "id_last_four",
    "passport",
    "name",
    "bank_card",
    "email",
    "address",
    "postal_code",
    "plate",
    "birth_date",
    "social_id",
    "ip",
    "tax_id",
    "text",
    "secret",
    "hidden",
]
MaskLevel = Literal["agent", "strict"]
Mask = Callable[[str], str]

MASKS: Mapping[MaskKind, Mapping[MaskLevel, Mask]] = {
    "phone": {"agent": numbers.phone, "strict": numbers.phone_strict},
    "id_card": {"agent": numbers.identity_card, "strict": numbers.identity_card_strict},
    "id_last_four": {"agent": numbers.last_four, "strict": words.hidden},
    "passport": {"agent": numbers.passport, "strict": numbers.passport_strict},
    "name": {"agent": words.name, "strict": words.name_strict},
    "bank_card": {"agent": numbers.bank_card, "strict": numbers.bank_card_strict},
    "email": {"agent": words.email, "strict": words.email_strict},
    "address": {"agent": words.address, "strict": words.address_strict},
    "postal_code": {"agent": numbers.postal_code, "strict": words.hidden},
    "plate": {"agent": numbers.plate, "strict": numbers.plate_strict},
    "birth_date": {"agent": numbers.birth_date, "strict": words.hidden},
    "social_id": {"agent": words.social_id, "strict": words.hidden},
    "ip": {"agent": numbers.network_address, "strict": words.hidden},
    "tax_id": {"agent": numbers.tax_number, "strict": numbers.tax_number_strict},
    "text": {"agent": masking_text.text, "strict": masking_text.text_strict},
    "secret": {"agent": words.secret, "strict": words.hidden},
    "hidden": {"agent": words.hidden, "strict": words.hidden},
}


def mask(value: str, kind: MaskKind, *, level: MaskLevel = "agent") -> str:
    """Return the value with what must not be seen hidden. What is empty stays empty: a mask would look like a value."""
    return MASKS[kind][level](value) if value.strip() else ""
