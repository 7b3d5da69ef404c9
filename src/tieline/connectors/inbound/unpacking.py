"""Open documents that travel as text inside another: JSON in a form field, base64 around it, values percent-encoded twice."""

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import unquote_plus

from tieline.connectors.answers.read import Unreadable, parse_body
from tieline.connectors.language.paths import Step, parse, walk
from tieline.connectors.manifest.inbound import Unpack

Unpacker = Callable[[Any], Any]
DEEPEST: Final = 16


def compile_unpacking(unpack: Sequence[Unpack]) -> Unpacker:
    """Return what opens every declared place of a body, in order. What is not there stays away."""
    places = [(parse(each.at), [_OPENERS[name] for name in each.as_], each.at) for each in unpack]

    def open_all(body: Any) -> Any:  # noqa: ANN401 - whatever was sent
        tree = {"body": body}
        for steps, openers, place in places:
            _open_at(tree, steps, openers, place)
        return tree["body"]

    return open_all


def _open_at(tree: dict[str, Any], steps: Sequence[Step], openers: Sequence[Unpacker], place: str) -> None:
    parent: Any = walk(tree, steps[:-1]) if len(steps) > 1 else tree
    last = steps[-1]
    packed = walk(parent, (last,))
    if packed is None:
        return
    try:
        for opener in openers:
            packed = opener(packed)
    except (Unreadable, binascii.Error, ValueError) as exc:
        detail = f"{place} does not hold what it should"
        raise Unreadable(detail) from exc
    parent[last] = packed


def _text(value: Any) -> bytes:  # noqa: ANN401 - whatever was sent
    if isinstance(value, bytes):
        return value
    if not isinstance(value, str):
        raise Unreadable("there is no text")
    return value.encode()


def _unescaped(value: Any, depth: int = 0) -> Any:  # noqa: ANN401 - a tree
    if depth > DEEPEST:
        raise Unreadable("it is nested too deeply")
    match value:
        case str():
            return unquote_plus(value)
        case dict():
            return {key: _unescaped(inner, depth + 1) for key, inner in value.items()}
        case list():
            return [_unescaped(inner, depth + 1) for inner in value]
        case _:
            return value


_OPENERS: Final[Mapping[str, Unpacker]] = {
    "json": lambda value: parse_body(_text(value), content_type="", kind="json"),
    "form": lambda value: parse_body(_text(value), content_type="", kind="form"),
    # A form turns the + of base64 into a space.
    "base64": lambda value: base64.b64decode(_text(value).replace(b" ", b"+"), validate=True),
    "percent": _unescaped,
}
