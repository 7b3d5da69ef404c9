"""Codecs that depend on the connection: `$config.timezone` in their text stands for what the connection's form says."""

import re
from collections.abc import Mapping
from typing import Final

from tieline.mapping.refusals import CodecRefused

_REFERENCE: Final = re.compile(r"\$config\.([a-z][a-z0-9_]{0,62})")
_PLAIN: Final = re.compile(r"[A-Za-z0-9_+./ -]{1,64}")
"""What a time zone, a country, a currency or a number of digits is written with: nothing that could be read as a codec."""


def settled(text: str, config: Mapping[str, object]) -> str:
    """Return the codecs with every reference replaced.

    Raises: CodecRefused: the form has no such field, it is empty, or its value holds more than one plain word.
    """

    def value_of(found: re.Match[str]) -> str:
        name = found[1]
        value = config.get(name)
        if value is None or not _PLAIN.fullmatch(str(value)):
            raise CodecRefused(f"the field {name} of the connection's form is missing, empty or no plain word")
        return str(value)

    return _REFERENCE.sub(value_of, text)
