"""Text and numbers turned into each other without loss, or not at all."""

import re
from decimal import Decimal
from typing import Final

_PLAIN_DECIMAL: Final = re.compile(r"-?[0-9]{1,30}(?:\.[0-9]{1,30})?")
_PLAIN_INTEGER: Final = re.compile(r"-?[0-9]{1,30}")
# Written out, a Decimal of ten characters can fill the memory: 1e999999999.
_LARGEST_EXPONENT: Final = 40


def exact_text(value: object) -> str | None:
    """Return the characters of a single value: text as it is, numbers without exponent, `true` and `false`.

    A float gives its shortest exact form, `12.5`. None: not a single value, or a number nobody writes out.
    """
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int():
            return str(value) if -(10**_LARGEST_EXPONENT) < value < 10**_LARGEST_EXPONENT else None
        case float() | Decimal():
            number = exact_decimal(value)
            return None if number is None else format(number, "f")
        case _:
            return None


def exact_decimal(value: object) -> Decimal | None:
    """Return the number `value` is or plainly spells, as `-12.50`; no sign `+`, exponent, separators or spaces. None: none."""
    match value:
        case bool():
            return None
        case int():
            return Decimal(value)
        case float():
            return _bounded(Decimal(repr(value)))
        case Decimal():
            return _bounded(value)
        case str():
            return Decimal(value) if _PLAIN_DECIMAL.fullmatch(value) else None
        case _:
            return None


def exact_integer(value: object) -> int | None:
    """Return the whole number `value` is or plainly spells; `12.0` is one. None: none."""
    match value:
        case bool():
            return None
        case int():
            return value
        case str():
            return int(value) if _PLAIN_INTEGER.fullmatch(value) else None
        case _:
            number = exact_decimal(value)
            return int(number) if number is not None and number == number.to_integral_value() else None


def shifted(number: Decimal, places: int) -> Decimal:
    """Return `number` times ten to the power of `places`, to the last digit; arithmetic on Decimals would round at 28."""
    sign, digits, exponent = number.as_tuple()
    return Decimal((sign, digits, int(exponent) + places))


def _bounded(number: Decimal) -> Decimal | None:
    return number if number.is_finite() and abs(number.adjusted()) <= _LARGEST_EXPONENT else None
