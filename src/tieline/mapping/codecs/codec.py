"""What a codec is, and how several stand in a row."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Any

from tieline.mapping.paths import Path
from tieline.mapping.refusals import CodecRefused


class Shape(StrEnum):
    """The kind of value between two codecs. `any` is known only when a record is at hand."""

    ANY = "any"
    TEXT = "text"
    INT = "int"
    DECIMAL = "decimal"
    BOOL = "bool"
    DATE = "date"
    DATETIME = "datetime"
    MONEY = "money"
    LIST = "list"


@dataclass(frozen=True, slots=True)
class Codec:
    """Both directions of one translation.

    `read` gives None for "nothing there" and raises Unreadable; `write` raises Unwritable and is None for a codec that only
    reads. `takes` is empty for a codec that looks at any shape. `nothing` is what the vendor writes where there is nothing.
    With `beside`, `read` takes and `write` gives a pair: the value, and the one found at that other path of the record.
    """

    read: Callable[[Any], Any]
    write: Callable[[Any], Any] | None
    gives: Shape = Shape.ANY
    takes: frozenset[Shape] = frozenset()
    nothing: object = None
    beside: Path | None = None


def chain(codecs: Sequence[Codec]) -> Codec:
    """Return one codec that reads through `codecs` from left to right and writes from right to left.

    Raises: CodecRefused: two neighbours do not fit, or one that looks beside the value is not alone in doing so.
    """
    for left, right in pairwise(codecs):
        if right.takes and left.gives is not Shape.ANY and left.gives not in right.takes:
            raise CodecRefused(f"one gives {left.gives}, the next takes {' or '.join(sorted(right.takes))}")
    if len(codecs) == 1:
        return codecs[0]
    lookers = [codec for codec in codecs if codec.beside is not None]
    if lookers and lookers != [codecs[-1]]:
        raise CodecRefused("a codec that looks at a second path stands last")
    return Codec(
        read=_read_pair(codecs) if lookers else _read_through(codecs),
        write=_write_back(codecs),
        gives=codecs[-1].gives,
        takes=codecs[0].takes,
        nothing=next((codec.nothing for codec in codecs if codec.nothing is not None), None),
        beside=lookers[0].beside if lookers else None,
    )


def _read_through(codecs: Sequence[Codec]) -> Callable[[Any], Any]:
    reads = tuple(codec.read for codec in codecs)

    def read(value: object) -> object:
        for step in reads:
            value = step(value)
            if value is None or value == "":
                return None
        return value

    return read


def _read_pair(codecs: Sequence[Codec]) -> Callable[[Any], Any]:
    before, last = _read_through(codecs[:-1]), codecs[-1].read

    def read(pair: tuple[object, object]) -> object:
        value = before(pair[0])
        return None if value is None else last((value, pair[1]))

    return read


def _write_back(codecs: Sequence[Codec]) -> Callable[[Any], Any] | None:
    writes = [codec.write for codec in reversed(codecs) if codec.write is not None]
    if len(writes) < len(codecs):
        return None
    paired = codecs[-1].beside is not None

    def write(value: object) -> object:
        if not paired:
            for step in writes:
                value = step(value)
            return value
        value, beside = writes[0](value)
        for step in writes[1:]:
            value = step(value)
        return value, beside

    return write
