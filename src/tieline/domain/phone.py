"""A caller's number: what it is, and how to write it."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

NumberKind = Literal["mobile", "landline", "toll_free", "service", "short", "internal", "voip", "other", "unknown"]


class PhoneNumber(BaseModel):
    """One number after normalisation.

    `e164` is None for withheld numbers, extensions and numbers no plan knows; `raw` then still holds the cleaned
    digits. `assumed_country` is true when the country came from the called line and not from the number itself.
    """

    model_config = ConfigDict(frozen=True)

    raw: str
    e164: str | None = None
    national: str | None = None
    kind: NumberKind = "unknown"
    country: str | None = None
    extension: str | None = None
    withheld: bool = False
    valid: bool = False
    assumed_country: bool = False
