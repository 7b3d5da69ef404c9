"""Reading one field: find what the vendor holds, decode it, land it in the canonical field."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from types import NoneType
from typing import Any, Final

from tieline.mapping.codecs.codec import Shape
from tieline.mapping.expressions import Find, Record
from tieline.mapping.fields import FieldKind
from tieline.mapping.landing import NEEDS_NO_LANDING, land_text, landing
from tieline.mapping.paths import Path
from tieline.mapping.refusals import Unreadable
from tieline.mapping.row import CompiledRow

Decode = Callable[[Any], Any]
_CAN_BE_EMPTY: Final = frozenset({NoneType, str, list, dict, tuple})
_SEVERAL: Final = frozenset({list, tuple})


@dataclass(frozen=True, slots=True)
class Reader:
    """`find` gives None or something empty when nothing is there; `decode` raises Unreadable.

    For a field of several texts `find` gives a list of what each path holds, and `decode_each` tells what was left out.
    `key`: `find` does nothing but look this up in the record. `keeps_text`: `decode` leaves text as it is, but for NUL in it.
    """

    row: CompiledRow
    find: Find
    decode: Decode
    decode_each: Callable[[Any], tuple[list[str], str]] | None = None
    key: str | None = None
    keeps_text: bool = False


def is_empty(value: object) -> bool:
    """Say whether a vendor's value means that nothing is there: null, an empty text, list or object; not zero, not false."""
    return not value and value.__class__ in _CAN_BE_EMPTY


def build_reader(row: CompiledRow) -> Reader:
    """Join paths, codec, words and landing of a row into two functions."""
    if row.canonical.kind is FieldKind.TEXTS:
        decode_each = _each_decoder(row)
        return Reader(row, _all_of(row.paths), partial(_decode_several, decode_each), decode_each)
    find = row.paths[0].find if len(row.paths) == 1 else _first_of(row.paths)
    beside = row.codec.beside if row.codec else None
    if beside is not None:
        return Reader(row, _with_neighbour(find, beside.find), build_decoder(row))
    decode = build_decoder(row)
    return Reader(row, find, decode, key=_only_key(row.paths), keeps_text=decode is land_text)


def build_decoder(row: CompiledRow) -> Decode:
    """Return the way from one vendor value to one canonical value (for a field of several texts: to one of them)."""
    land = landing(row.canonical)
    if row.codec is None and row.words is None:
        return land
    if row.codec is not None and row.words is None and (row.canonical.kind, row.codec.gives) in NEEDS_NO_LANDING:
        return row.codec.read
    read = row.codec.read if row.codec else None
    translate = row.words.read if row.words else None

    def decode(found: object) -> object:
        value = found if read is None else read(found)
        if value is None or value == "":
            return None
        return land(value if translate is None else translate(value))

    return decode


def _only_key(paths: tuple[Path, ...]) -> str | None:
    steps = paths[0].steps if len(paths) == 1 else None
    return steps[0] if steps is not None and len(steps) == 1 and isinstance(steps[0], str) else None


def _first_of(paths: tuple[Path, ...]) -> Find:
    finds = tuple(path.find for path in paths)

    def find(record: Record) -> Any:  # noqa: ANN401 - a vendor's value has no type of ours
        for look in finds:
            found = look(record)
            if not is_empty(found):
                return found
        return None

    return find


def _all_of(paths: tuple[Path, ...]) -> Find:
    finds = tuple(path.find for path in paths)
    return lambda record: [found for look in finds if not is_empty(found := look(record))]


def _with_neighbour(find: Find, find_beside: Find) -> Find:
    def find_pair(record: Record) -> tuple[object, object] | None:
        found = find(record)
        return None if is_empty(found) else (found, find_beside(record))

    return find_pair


def _each_decoder(row: CompiledRow) -> Callable[[Any], tuple[list[str], str]]:
    """Every value found goes through the codec, item by item if it is a list; lists that come out are laid flat."""
    read = row.codec.read if row.codec else _as_it_is
    spread = _as_it_is if row.codec and row.codec.takes == {Shape.LIST} else _flat
    land = _text_landing(row)

    def decode_each(found: list[Any]) -> tuple[list[str], str]:
        kept: list[str] = []
        reason = ""
        for item in spread(found):
            try:
                value = read(item)
            except Unreadable as exc:
                reason = str(exc)
                continue
            reason = _keep(value if value.__class__ in _SEVERAL else (value,), land, kept) or reason
        return kept, reason

    return decode_each


def _keep(values: Sequence[Any], land: Decode, kept: list[str]) -> str:
    """Add the texts that can be read, and return the reason for the last that cannot."""
    reason = ""
    for value in values:
        if value is None or value == "":
            continue
        try:
            kept.append(land(value))
        except Unreadable as exc:
            reason = str(exc)
    return reason


def _text_landing(row: CompiledRow) -> Decode:
    land = landing(row.canonical)
    if row.words is None:
        return land
    translate = row.words.read
    return lambda item: land(translate(item))


def _as_it_is(value: Any) -> Any:  # noqa: ANN401 - whatever it is
    return value


def _flat(values: list[Any]) -> list[Any]:
    flat: list[Any] = []
    for value in values:
        if value.__class__ in _SEVERAL:
            flat.extend(value)
        else:
            flat.append(value)
    return [item for item in flat if not is_empty(item)]


def _decode_several(decode_each: Callable[[Any], tuple[list[str], str]], found: list[Any]) -> tuple[str, ...]:
    kept, reason = decode_each(found)
    if reason and not kept:
        raise Unreadable(reason)
    return tuple(dict.fromkeys(kept))
