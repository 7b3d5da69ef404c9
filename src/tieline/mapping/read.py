"""Reading one field: find what the vendor holds, decode it, land it in the canonical field."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from types import NoneType
from typing import Any, Final

from tieline.mapping.codecs.codec import Codec, Shape
from tieline.mapping.codecs.lists import read_items
from tieline.mapping.expressions import Find, Record
from tieline.mapping.fields import FieldKind
from tieline.mapping.landing import landing
from tieline.mapping.paths import Path
from tieline.mapping.refusals import Unreadable
from tieline.mapping.row import CompiledRow

Decode = Callable[[Any], Any]
_CAN_BE_EMPTY: Final = frozenset({NoneType, str, list, dict, tuple})


@dataclass(frozen=True, slots=True)
class Reader:
    """`find` gives None or something empty when nothing is there; `decode` raises Unreadable.

    For a field of several texts `find` gives a list of what each path holds, and `decode_each` tells what was left out.
    """

    row: CompiledRow
    find: Find
    decode: Decode
    decode_each: Callable[[Any], tuple[list[str], str]] | None = None


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
    return Reader(row, find if beside is None else _with_neighbour(find, beside.find), build_decoder(row))


def build_decoder(row: CompiledRow) -> Decode:
    """Return the way from one vendor value to one canonical value (for a field of several texts: to one of them)."""
    land = landing(row.canonical)
    if row.codec is None and row.words is None:
        return land
    read = row.codec.read if row.codec else None
    translate = row.words.read if row.words else None

    def decode(found: object) -> object:
        value = found if read is None else read(found)
        if value is None or value == "":
            return None
        return land(value if translate is None else translate(value))

    return decode


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
    codec, land = row.codec, landing(row.canonical)
    translate = row.words.read if row.words else None

    def decode_one(item: object) -> str:
        return str(land(item if translate is None else translate(item)))

    def decode_each(found: list[Any]) -> tuple[list[str], str]:
        raw = found if _takes_lists(codec) else list(_flat(found))
        read, unread = (raw, "") if codec is None else read_items(raw, codec.read)
        kept, refused = read_items(list(_flat(read)), decode_one)
        return kept, refused or unread

    return decode_each


def _takes_lists(codec: Codec | None) -> bool:
    return codec is not None and codec.takes == {Shape.LIST}


def _flat(values: list[Any]) -> Iterator[Any]:
    for value in values:
        if isinstance(value, list | tuple):
            yield from (item for item in value if not is_empty(item))
        else:
            yield value


def _decode_several(decode_each: Callable[[Any], tuple[list[str], str]], found: list[Any]) -> tuple[str, ...]:
    kept, reason = decode_each(found)
    if reason and not kept:
        raise Unreadable(reason)
    return tuple(dict.fromkeys(kept))
