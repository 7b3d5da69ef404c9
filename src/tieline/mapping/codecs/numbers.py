"""Codecs for numbers, yes and no, and money: exact, or refused."""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from tieline.domain.money import Money
from tieline.domain.trusted import built
from tieline.mapping.codecs.codec import Codec, Shape
from tieline.mapping.exact import exact_decimal, exact_integer, exact_text, shifted
from tieline.mapping.paths import Path, compile_path, writable
from tieline.mapping.refusals import CodecRefused, ExpressionRefused, Unreadable, Unwritable

_NUMERIC: Final = frozenset({Shape.TEXT, Shape.INT, Shape.DECIMAL})
_CURRENCY: Final = re.compile("[A-Z]{3}")
_MOST_DECIMALS: Final = 6
_CLOCK: Final = re.compile(r"(?:([0-9]{1,4}):)?([0-9]{1,4}):([0-5][0-9])")


def as_int(value: object) -> int:
    """Return a whole number. Raises: Unreadable: anything else; a leading `+` is a phone number, not a number."""
    number = exact_integer(value)
    if number is None:
        raise Unreadable("not a whole number")
    return number


def as_decimal(value: object) -> Decimal:
    """Return an exact number; a float counts as the characters it is written with. Raises: Unreadable."""
    number = exact_decimal(value)
    if number is None:
        raise Unreadable("not a plain number")
    return number


def _int_sent(value: object) -> int:
    number = exact_integer(value)
    if number is None:
        raise Unwritable("not a whole number")
    return number


def _decimal_sent(value: object) -> Decimal:
    number = exact_decimal(value)
    if number is None:
        raise Unwritable("not a plain number")
    return number


def integer() -> Codec:
    """`int`: a whole number, also when it comes as text; written as a number."""
    return Codec(as_int, _int_sent, Shape.INT, _NUMERIC)


def clock(form: str) -> Codec:
    """`clock(mm:ss)`, `clock(hh:mm:ss)`: a length of time as a clock would show it; ours is in seconds. Read in either form."""
    if form not in {"mm:ss", "hh:mm:ss"}:
        raise CodecRefused("clock takes mm:ss or hh:mm:ss")

    def read(value: object) -> int:
        shown = _CLOCK.fullmatch(exact_text(value) or "")
        if shown is None:
            raise Unreadable("not a length of time such as 03:02")
        return int(shown[1] or 0) * 3600 + int(shown[2]) * 60 + int(shown[3])

    def write(value: object) -> str:
        seconds = exact_integer(value)
        if seconds is None or seconds < 0:
            raise Unwritable("not a whole number of seconds")
        minutes, rest = divmod(seconds, 60)
        return f"{minutes:02}:{rest:02}" if form == "mm:ss" else f"{minutes // 60:02}:{minutes % 60:02}:{rest:02}"

    return Codec(read, write, Shape.INT, _NUMERIC)


def decimal() -> Codec:
    """`decimal`: an exact number, also when it comes as text; written as text."""
    return Codec(as_decimal, _decimal_sent, Shape.DECIMAL, _NUMERIC)


def boolean(yes: str | None = None, no: str | None = None) -> Codec:
    """`bool`: true, 1, "true", "1" and their opposites; written as yes or no. `bool(Y, N)`: exactly these words instead."""
    if (yes is None) != (no is None) or (yes is not None and yes == no):
        raise CodecRefused("bool takes two different words, for yes and for no, or none")
    meanings = {"true": True, "1": True, "false": False, "0": False} if yes is None or no is None else {yes: True, no: False}

    def read(value: object) -> bool:
        word = exact_text(value) or ""
        meaning = meanings.get(word.lower() if yes is None else word)
        if meaning is None:
            raise Unreadable("neither yes nor no")
        return meaning

    def write(value: object) -> object:
        if not isinstance(value, bool):
            raise Unwritable("neither yes nor no")
        return value if yes is None else yes if value else no

    return Codec(read, write, Shape.BOOL)


def money(currency: str, decimals: str = "") -> Codec:
    """`money(CNY)`: an amount in that currency. `money(total.currency)`: the currency stands at that path of the record.

    The amount is written as text, `12.50`. With a number of decimals, `money(CNY, 2)`, the vendor counts in the smallest coin:
    1250 is 12.50. A field with a name of three capitals is written `@.CUR`, for `CUR` alone would be a currency.
    """
    if decimals and not (decimals.isdecimal() and int(decimals) <= _MOST_DECIMALS):
        raise CodecRefused(f"money counts in up to {_MOST_DECIMALS} decimals, as in money(CNY, 2)")
    read_amount, write_amount = _amounts(int(decimals)) if decimals else (as_decimal, _decimal_sent)
    if _CURRENCY.fullmatch(currency):
        return _in_one_currency(currency, read_amount, write_amount)
    path = _currency_path(currency)

    def read(pair: tuple[object, object]) -> Money:
        code = pair[1]
        if not isinstance(code, str) or not _CURRENCY.fullmatch(code):
            raise Unreadable("no currency of three capitals beside the amount")
        return built(Money, {"amount": read_amount(pair[0]), "currency": code})

    def write(value: Money) -> tuple[object, str]:
        return write_amount(value.amount), value.currency

    can_write = path.steps is not None and writable(path.steps)
    return Codec(read, write if can_write else None, Shape.MONEY, _NUMERIC, beside=path)


def _in_one_currency(code: str, read_amount: Callable[[Any], Decimal], write_amount: Callable[[Any], object]) -> Codec:
    def read(value: object) -> Money:
        return built(Money, {"amount": read_amount(value), "currency": code})

    def write(value: Money) -> object:
        if value.currency != code:
            raise Unwritable(f"the field holds {code} only")
        return write_amount(value.amount)

    return Codec(read, write, Shape.MONEY, _NUMERIC)


def _amounts(decimals: int) -> tuple[Callable[[Any], Decimal], Callable[[Any], int]]:
    def read(value: object) -> Decimal:
        return shifted(as_decimal(value), -decimals)

    def write(value: Decimal) -> int:
        whole = exact_integer(shifted(value, decimals))
        if whole is None:
            raise Unwritable(f"more than {decimals} decimals")
        return whole

    return read, write


def _currency_path(text: str) -> Path:
    try:
        return compile_path(text)
    except ExpressionRefused as exc:
        raise CodecRefused("money takes a currency such as CNY, or the path of one") from exc
