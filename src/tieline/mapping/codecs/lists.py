"""Codecs between one value and several."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from tieline.mapping.codecs.codec import Codec, Shape
from tieline.mapping.codecs.text import as_text
from tieline.mapping.refusals import CodecRefused, Unreadable, Unwritable

_LIST: Final = frozenset({Shape.LIST})


def _several(value: object) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def listed() -> Codec:
    """`list`: a lone value becomes a list of one; written as a list."""
    return Codec(_several, _several, Shape.LIST)


def single() -> Codec:
    """`single`: the vendor keeps one where we keep several; the first is written."""
    return Codec(_several, _first, Shape.LIST)


def first() -> Codec:
    """`first`: the vendor keeps several where we keep one; written as a list of one."""
    return Codec(_first, _several)


def split(separator: str) -> Codec:
    """`split(;)`: one text with several parts; spaces around them and empty ones fall away. Written joined."""
    _check(separator, "split")
    return Codec(lambda value: _parts(as_text(value), separator), _joined_by(separator, Unwritable), Shape.LIST)


def join(separator: str) -> Codec:
    """`join(;)`: a list becomes one text; written as the list of its parts."""
    _check(separator, "join")
    joined = _joined_by(separator, Unreadable)
    return Codec(lambda value: joined(_several(value)), lambda value: _parts(as_text(value), separator), Shape.TEXT, _LIST)


def each(inner: Codec) -> Codec:
    """`each(trim | lower)`: every item by itself. One that cannot be read is left out; if none can, the list is unreadable."""
    if inner.beside is not None:
        raise CodecRefused("each takes no codec that looks at a second path")

    def read(value: object) -> list[Any]:
        kept, reason = read_items(_several(value), inner.read)
        if reason and not kept:
            raise Unreadable(reason)
        return kept

    write = inner.write
    return Codec(read, None if write is None else lambda value: [write(item) for item in _several(value)], Shape.LIST, _LIST)


def read_items(items: Sequence[Any], read: Callable[[Any], Any]) -> tuple[list[Any], str]:
    """Return what could be read, without what holds nothing, and the reason for the last that could not."""
    kept, reason = [], ""
    for item in items:
        try:
            value = read(item)
        except Unreadable as exc:
            reason = str(exc)
        else:
            if value is not None and value != "":
                kept.append(value)
    return kept, reason


def _first(value: object) -> Any:  # noqa: ANN401 - an item has the vendor's type
    items = _several(value)
    return items[0] if items else None


def _parts(text: str, separator: str) -> list[str]:
    return [part for part in map(str.strip, text.split(separator)) if part]


def _joined_by(separator: str, error: type[Unreadable | Unwritable]) -> Callable[[Any], str]:
    def joined(value: Any) -> str:  # noqa: ANN401 - a list of texts
        parts = [as_text(item) for item in value]
        if any(separator in part for part in parts):
            raise error("an item holds the separator itself")
        return separator.join(parts)

    return joined


def _check(separator: str, name: str) -> None:
    if not separator:
        raise CodecRefused(f"{name} takes a separator, quoted if it is a comma or a space")
