"""Telephone numbers nobody has: by country, in the spelling of the number they replace."""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from tieline.domain.phone import PhoneNumber

_BETWEEN: Final = r"[\s().\-/]{0,3}"


class Block(NamedTuple):
    """A run of numbers: calling code, national digits without a trunk zero whose last two count, and the trunk prefix."""

    code: str
    first: str
    trunk: str = ""


BLOCKS: Final[Mapping[str, Block]] = {
    # 555-0100 to 555-0199 are kept for fiction in every area: NANPA, "555 NXX line number reference".
    "US": Block("1", "2025550100"),
    "CA": Block("1", "6135550100"),
    # Ofcom, "Numbers for use in drama": 07700 900000 to 900999.
    "GB": Block("44", "7700900100", "0"),
    # ARCEP decision 2018-0881: 06 39 98 00 00 to 06 39 98 99 99 for audiovisual works.
    "FR": Block("33", "639980100", "0"),
    # Bundesnetzagentur, "Drama numbers": Berlin 030 23125 000 to 999.
    "DE": Block("49", "3023125100", "0"),
    # China keeps none for fiction. 13800138000 has long been the operator's own service line, and so are its neighbours here.
    "CN": Block("86", "13800138100"),
}
ELSEWHERE: Final = "US"
MOST: Final = 90
SHORTEST: Final = 6
"""Digits below which a number (an extension, a short code) would be found inside any other."""


class FictionalNumber(NamedTuple):
    """The number-th of a country's block."""

    block: Block
    national: str

    @property
    def e164(self) -> str:
        """How it is written internationally."""
        return f"+{self.block.code}{self.national}"


def fictional(number: int, country: str | None) -> FictionalNumber:
    """Return the `number`-th (from 0, again from the start after 90) number of a country's block, or of the United States'."""
    block = BLOCKS.get(country or "", BLOCKS[ELSEWHERE])
    return FictionalNumber(block, block.first[:-2] + f"{int(block.first[-2:]) + number % MOST:02d}")


class Spelling(NamedTuple):
    """Finds one real number however it is written, and writes the fictional one the same way."""

    pattern: re.Pattern[str]
    instead: FictionalNumber

    def put_into(self, text: str) -> str:
        """Return the text with every spelling replaced."""
        return self.pattern.sub(self._written, text)

    def _written(self, found: re.Match[str]) -> str:
        national = found["national"]
        if len(re.sub(r"\D", "", national)) == len(self.instead.national):
            digits = iter(self.instead.national)
            shaped = "".join(next(digits) if character.isdigit() else character for character in national)
        else:
            shaped = self.instead.national
        if found["code"] is None:
            return (self.instead.block.trunk if found["trunk"] else "") + shaped
        plus = re.sub(r"[0-9]+$", "", found["code"].rstrip(" -.")) if not found["code"].startswith("00") else "00"
        return f"{plus}{self.instead.block.code}{found['gap'] or ''}{shaped}"


def spelling(real: PhoneNumber, instead: FictionalNumber) -> Spelling | None:
    """Return how a real number is found, with or without code and trunk zero, digits apart or not; None: too short to tell."""
    national = real.national_digits.lstrip("0")
    if len(national) < SHORTEST:
        return None
    code = real.digits.removesuffix(national) if real.e164 else ""
    digits = _BETWEEN.join(national)
    prefix = rf"(?:(?P<code>(?:\+|00)?{code})(?P<gap>{_BETWEEN}))?" if code else "(?P<code>(?!))?(?P<gap>(?!))?"
    return Spelling(re.compile(rf"(?<!\d){prefix}(?:\(?(?P<trunk>0)\)?{_BETWEEN})?(?P<national>{digits})(?!\d)"), instead)
