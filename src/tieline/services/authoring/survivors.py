"""The last look before a recording is written: does anything real stand in it? It knows nothing of how it was scrubbed."""

import base64
import binascii
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote_plus

from tieline.connectors.engine.redaction import Redactor
from tieline.domain.phone import PhoneNumber

_BASE64: Final = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}")
_APART: Final = r"[^0-9A-Za-z]{0,3}"
SHORTEST_VALUE: Final = 4
SHORTEST_NUMBER: Final = 6


@dataclass(frozen=True, slots=True)
class Survivors:
    """What must not be found: secrets in any spelling, telephone numbers in any spelling, plain values as they are."""

    secrets: Sequence[str] = ()
    phones: Sequence[PhoneNumber] = ()
    values: Sequence[str] = ()

    def __repr__(self) -> str:
        return "<Survivors>"

    def found_in(self, text: str) -> tuple[str, ...]:
        """Return the sorts of things that stand in the text, percent-encoded or inside base64 too; never the things."""
        readings = tuple(_readings(text))
        checks = (
            ("a secret", self._secret(readings)),
            ("a real telephone number", self._phone(readings)),
            ("a value that was given", self._value(readings)),
        )
        return tuple(sort for sort, stands in checks if stands)

    def _secret(self, readings: Iterable[str]) -> bool:
        redactor = Redactor(self.secrets)
        return any(redactor.text(reading) != reading for reading in readings)

    def _phone(self, readings: Sequence[str]) -> bool:
        nationals = {phone.national_digits.lstrip("0") for phone in self.phones}
        patterns = [re.compile(_APART.join(each)) for each in nationals if len(each) >= SHORTEST_NUMBER]
        return any(pattern.search(reading) for pattern in patterns for reading in readings)

    def _value(self, readings: Sequence[str]) -> bool:
        return any(value in reading for value in self.values if len(value) >= SHORTEST_VALUE for reading in readings)


def _readings(text: str) -> Iterator[str]:
    yield text
    yield text.replace("\\/", "/")
    yield (unquoted := unquote_plus(text))
    for encoded in _BASE64.findall(text) + _BASE64.findall(unquoted):
        plain = encoded.rstrip("=").replace("-", "+").replace("_", "/")
        try:
            yield base64.b64decode(plain + "=" * (-len(plain) % 4)).decode()
        except (binascii.Error, UnicodeDecodeError):
            continue
