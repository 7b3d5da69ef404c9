"""The last step of reading: a value becomes exactly what its canonical field holds, or is refused.

It is also all there is for a row without `as`: text stays text, a number becomes its exact characters, ISO 8601 is understood,
and money is never guessed.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from typing import Any, Final

from tieline.domain.money import Money
from tieline.mapping.codecs.codec import Shape
from tieline.mapping.codecs.numbers import as_int
from tieline.mapping.codecs.text import as_text
from tieline.mapping.codecs.times import read_date, read_iso
from tieline.mapping.exact import exact_text
from tieline.mapping.fields import CanonicalField, FieldKind
from tieline.mapping.refusals import Unreadable

Landing = Callable[[Any], Any]

_SPELLED: Final = frozenset({Shape.ANY, Shape.TEXT, Shape.INT, Shape.DECIMAL})
# What the last codec may give. An instant is a day only in some zone, so it does not land in a date by itself.
LANDS: Final[Mapping[FieldKind, frozenset[Shape]]] = {
    FieldKind.TEXT: _SPELLED,
    FieldKind.WORD: _SPELLED | {Shape.BOOL},
    FieldKind.INT: _SPELLED,
    FieldKind.BOOL: frozenset({Shape.ANY, Shape.BOOL, Shape.TEXT}),
    FieldKind.DATE: frozenset({Shape.ANY, Shape.DATE, Shape.TEXT}),
    FieldKind.DATETIME: frozenset({Shape.ANY, Shape.DATETIME, Shape.TEXT}),
    FieldKind.MONEY: frozenset({Shape.MONEY}),
    FieldKind.TEXTS: _SPELLED | {Shape.LIST},
}
NEEDS_NO_LANDING: Final = frozenset(
    {(FieldKind.DATE, Shape.DATE), (FieldKind.DATETIME, Shape.DATETIME), (FieldKind.MONEY, Shape.MONEY)}
)
"""Kinds with the one shape of a codec that gives exactly what they hold: instants in UTC, days, exact money."""
_YES_AND_NO: Final[Mapping[object, bool]] = {"true": True, "false": False}


def landing(canonical: CanonicalField) -> Landing:
    """Return the step for `canonical`; for a field of several texts it takes one of them."""
    if canonical.kind is FieldKind.WORD:
        return _land_word(canonical.words)
    return _LANDINGS[canonical.kind]


def land_text(value: object) -> str:
    """Return the characters; NUL is taken out of them. Raises: Unreadable: neither text nor number."""
    text = value if value.__class__ is str else as_text(value)
    # Postgres takes no NUL character, and no vendor means one.
    return text.replace("\0", "") if "\0" in text else text


def _land_word(words: frozenset[str]) -> Landing:
    def land(value: object) -> str:
        word = value if value.__class__ is str else exact_text(value)
        if word not in words:
            raise Unreadable(f"not one of our words ({', '.join(sorted(words))}); `values` translates theirs")
        return word

    return land


def _land_bool(value: object) -> bool:
    meaning = value if isinstance(value, bool) else _YES_AND_NO.get(value) if isinstance(value, str) else None
    if meaning is None:
        raise Unreadable("neither true nor false")
    return meaning


def _land_date(value: object) -> date:
    if isinstance(value, datetime) and value.astimezone(UTC).time() == time.min:
        return value.astimezone(UTC).date()
    return read_date(value)


def _land_instant(value: object) -> datetime:
    return value if value.__class__ is datetime and value.tzinfo is UTC else read_iso(value)


def _land_money(value: object) -> Money:
    if not isinstance(value, Money):
        raise Unreadable("not money")
    return value


_LANDINGS: Final[Mapping[FieldKind, Landing]] = {
    FieldKind.TEXT: land_text,
    FieldKind.INT: as_int,
    FieldKind.BOOL: _land_bool,
    FieldKind.DATE: _land_date,
    FieldKind.DATETIME: _land_instant,
    FieldKind.MONEY: _land_money,
    FieldKind.TEXTS: land_text,
}
