"""A caller's number: what it is, and how to write it."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

NumberKind = Literal["mobile", "landline", "toll_free", "service", "short", "internal", "voip", "other", "unknown"]

SUFFIX_DIGITS = 8


class PhoneNumber(BaseModel):
    """One number after normalisation.

    `e164` is None for withheld numbers, extensions, service numbers and numbers no plan knows; `raw` then still holds the
    cleaned digits. `national` is how people of its country write it; for a number without E.164 form, its canonical digits.
    `assumed_country` is true when the country was not written but taken from the called line, or guessed from a missing plus.
    A withheld number keeps the word that withheld it in `raw`, never a digit of the number behind it.
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

    @property
    def key(self) -> str | None:
        """The text two spellings of one number share: E.164, else the canonical digits; None: nothing to look up."""
        if self.withheld or self.kind == "internal":
            return None
        return self.e164 or self.national

    @property
    def digits(self) -> str:
        """E.164 without the plus; for a number without E.164 form, its canonical digits."""
        return (self.e164 or self.national or "").removeprefix("+")

    @property
    def national_digits(self) -> str:
        """The national form without spaces, as dialled inside its country."""
        return "".join(character for character in self.national or "" if character.isdigit())
