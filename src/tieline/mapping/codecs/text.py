"""Codecs that keep text text: trimming, case, phone spelling, XML text, constants and the vendor's word for nothing."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import phonenumbers

from tieline.mapping.codecs.codec import Codec, Shape
from tieline.mapping.exact import exact_text
from tieline.mapping.refusals import CodecRefused, Unreadable, Unwritable

_TEXT: Final = frozenset({Shape.TEXT})
_SPELLABLE: Final = frozenset({Shape.TEXT, Shape.INT, Shape.DECIMAL})


def as_text(value: object) -> str:
    """Return a text or a number's exact characters. Raises: Unreadable: a yes/no, a list or an object."""
    if isinstance(value, str):
        return value
    text = None if isinstance(value, bool) else exact_text(value)
    if text is None:
        raise Unreadable("not a text")
    return text


def _sent(value: object) -> str:
    text = exact_text(value)
    if text is None:
        raise Unwritable("not a text")
    return text


def text() -> Codec:
    """`text`: a number becomes its exact characters."""
    return Codec(as_text, _sent, Shape.TEXT, _SPELLABLE)


def trim() -> Codec:
    """`trim`: without spaces at either end."""
    return Codec(lambda value: as_text(value).strip(), lambda value: _sent(value).strip(), Shape.TEXT, _TEXT)


def lower() -> Codec:
    """`lower`: in small letters; written as it stands."""
    return Codec(lambda value: as_text(value).lower(), _sent, Shape.TEXT, _TEXT)


def upper() -> Codec:
    """`upper`: in capitals; written as it stands."""
    return Codec(lambda value: as_text(value).upper(), _sent, Shape.TEXT, _TEXT)


def xml_text() -> Codec:
    """`xml_text`: the text of an XML element, whether or not it has attributes (then it is the key `#text`)."""

    def read(value: object) -> str | None:
        inner = value.get("#text") if isinstance(value, dict) else value
        return None if inner is None else as_text(inner)

    return Codec(read, _sent, Shape.TEXT)


def const(word: str) -> Codec:
    """`const(word)`: the same word whatever is there, in both directions."""
    return Codec(lambda _: word, lambda _: word, Shape.TEXT)


_LITERALS: Final[Mapping[str, object]] = {"true": True, "false": False}


def null_if(*words: str) -> Codec:
    """`null_if(false)`: these words mean nothing is there; where there is nothing the first is written.

    A number is written as one, `true` and `false` as yes and no, anything else as text.
    """
    if not words:
        raise CodecRefused("null_if takes the words that mean nothing")
    first = int(words[0]) if words[0].isascii() and words[0].isdecimal() else _LITERALS.get(words[0], words[0])
    return Codec(lambda value: None if exact_text(value) in words else value, lambda value: value, nothing=first)


def _national(number: phonenumbers.PhoneNumber) -> str:
    spelled = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
    return phonenumbers.normalize_digits_only(spelled)


def _e164(number: phonenumbers.PhoneNumber) -> str:
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


_SPELLINGS: Final[Mapping[str, Callable[[phonenumbers.PhoneNumber], str]]] = {
    "e164": _e164,
    "digits": lambda number: _e164(number).removeprefix("+"),
    "national": _national,
}


def phone(country: str, spelling: str = "e164") -> Codec:
    """`phone(CN, national)`: read as E.164 when `country`'s plan knows the number, else left as the vendor wrote it.

    Written as `e164` (+8613800138000), `digits` (8613800138000) or `national` (13800138000); a number of another country, or
    one no plan knows, is written as it stands.
    """
    if country not in phonenumbers.SUPPORTED_REGIONS:
        raise CodecRefused("phone takes a country of two capitals, as in phone(CN)")
    spell = _SPELLINGS.get(spelling)
    if spell is None:
        raise CodecRefused(f"phone spells numbers as {', '.join(_SPELLINGS)}")
    home = phonenumbers.country_code_for_region(country)

    # Bare digits that begin with the country's code can also be a number within it: 4915123456789 is two numbers in Germany.
    prefixes = ("+", "") if spelling == "digits" else ("",)

    def read(value: Any) -> str:  # noqa: ANN401 - a vendor's value
        spelled = as_text(value)
        numbers = (_parsed(prefix + spelled, country) for prefix in prefixes)
        return next((_e164(number) for number in numbers if number is not None), spelled)

    def write(value: Any) -> str:  # noqa: ANN401 - a canonical value
        spelled = _sent(value)
        number = _parsed(spelled, country)
        return spelled if number is None or number.country_code != home else spell(number)

    return Codec(read, write, Shape.TEXT, _SPELLABLE)


def _parsed(spelled: str, country: str) -> phonenumbers.PhoneNumber | None:
    """Return the number if the plan knows it and it has no extension, which E.164 could not keep."""
    try:
        number = phonenumbers.parse(spelled, country)
    except phonenumbers.NumberParseException:
        return None
    return number if phonenumbers.is_valid_number(number) and not number.extension else None
