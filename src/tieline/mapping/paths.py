"""Where a value stands in a vendor's record: dotted paths become closures, anything richer becomes JMESPath.

    name · owner.email · lines[0].sku · tags[-1] · @status · "Customer Name".first · custom_fields[id=360001].value

A dotted path is opaque about keys: `Tier__c`, `姓名`, `first-name`; a key with a dot, a space or an operator stands in quotes:
`"@odata.etag"`, `"StartTime>"`. `[n]` picks an item, from the end if negative; `[key=word]` picks the first item whose `key` is
`word`, compared as text. Such a path can also be written to: the tree is built on the way, `[0]` makes a list of one and
`[key=word]` an item that carries its key. A path only looks things up in dicts and lists; a key is never an attribute.
What is not there is None.
"""

import re
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, Final, NamedTuple

from tieline.mapping.exact import exact_text
from tieline.mapping.expressions import LONGEST_TEXT, Find, Record, compile_expression
from tieline.mapping.refusals import ExpressionRefused


class Item(NamedTuple):
    """The step `[key=word]`; `word` is an integer when written as digits without quotes."""

    key: str
    word: str | int


Step = str | int | Item
_MOST_STEPS: Final = 32

_KEY: Final = r"(?!@(?![\w#:-]))[\w$@#%:/+-]+"
_WORD: Final = r'"[^"\\]*"|[\w.:/+-]+'
_STEP: Final = re.compile(
    rf'(?:^|\.)(?:(?P<key>{_KEY})|"(?P<quoted>[^"\\]+)")|\[(?P<index>-?\d{{1,6}})\]|\[(?P<by>{_KEY})=(?P<word>{_WORD})\]'
)


class Path(NamedTuple):
    """A compiled path. `steps` is None for JMESPath, which cannot be written to."""

    text: str
    find: Find
    steps: tuple[Step, ...] | None


def compile_path(text: str) -> Path:
    """Compile `text`. Raises: ExpressionRefused: neither a dotted path nor JMESPath, or beyond a limit."""
    if len(text) > LONGEST_TEXT:
        raise ExpressionRefused(f"longer than {LONGEST_TEXT} characters", code="expr_limit")
    steps = _split(text)
    if steps is None:
        return Path(text, compile_expression(text), None)
    if len(steps) > _MOST_STEPS:
        raise ExpressionRefused(f"more than {_MOST_STEPS} steps", code="expr_limit")
    return Path(text, _finder(steps), steps)


def put(tree: dict[str, Any], steps: Sequence[Step], value: object) -> None:
    """Set `value` at `steps`, building what is missing; the paths of one mapping never clash (see `clash`)."""
    place: Any = tree
    for step, following in pairwise(steps):
        place = _enter(place, step, following)
    match steps[-1]:
        case str(key):
            place[key] = value
        case _:
            place[:] = [value]


def clash(one: Sequence[Step], other: Sequence[Step]) -> bool:
    """Say whether writing both would lose one: the same place, one inside the other, or a dict against a list."""
    for left, right in zip(one, other, strict=False):
        if left != right:
            return type(left) is not type(right)
    return True


def writable(steps: Sequence[Step]) -> bool:
    """Say whether a tree can be built along `steps`: lists of one, and items that hold something beside their key."""
    lists_of_one = all(step == 0 for step in steps if isinstance(step, int))
    followed = (*steps[1:], None)
    items_with_more = all(isinstance(after, str) for step, after in zip(steps, followed, strict=True) if isinstance(step, Item))
    return isinstance(steps[0], str) and lists_of_one and items_with_more


def _split(text: str) -> tuple[Step, ...] | None:
    steps: list[Step] = []
    position = 0
    while position < len(text):
        found = _STEP.match(text, position)
        if found is None or (position == 0 and text[0] == "."):
            return None
        steps.append(_step(found))
        position = found.end()
    return tuple(steps) or None


def _step(found: re.Match[str]) -> Step:
    if found["index"]:
        return int(found["index"])
    if found["by"]:
        word = found["word"]
        return Item(found["by"], int(word) if word.isdecimal() and word.isascii() else word.strip('"'))
    return found["key"] or found["quoted"]


def _finder(steps: tuple[Step, ...]) -> Find:
    match steps:
        case (str(key),):
            return _get(key)
        case (str(outer), str(inner)):
            return _get_within(outer, inner)
        case _:
            return _follow(tuple(map(_take, steps)))


def _get(key: str) -> Find:
    def find(record: Record) -> Any:  # noqa: ANN401 - a vendor's value has no type of ours
        return record.get(key)

    return find


def _get_within(outer: str, inner: str) -> Find:
    def find(record: Record) -> Any:  # noqa: ANN401 - a vendor's value has no type of ours
        within = record.get(outer)
        return within.get(inner) if isinstance(within, dict) else None

    return find


def _follow(takes: tuple[Callable[[Any], Any], ...]) -> Find:
    def find(record: Record) -> Any:  # noqa: ANN401 - a vendor's value has no type of ours
        place: Any = record
        for take in takes:
            place = take(place)
            if place is None:
                return None
        return place

    return find


def _take(step: Step) -> Callable[[Any], Any]:
    match step:
        case str(key):
            return lambda place: place.get(key) if isinstance(place, dict) else None
        case int(index):
            return lambda place: place[index] if isinstance(place, list) and -len(place) <= index < len(place) else None
        case Item(key, word):
            return lambda place: _item(place, key, str(word))


def _item(place: object, key: str, word: str) -> object:
    if not isinstance(place, list):
        return None
    return next((item for item in place if isinstance(item, dict) and exact_text(item.get(key)) == word), None)


def _enter(place: Any, step: Step, following: Step) -> Any:  # noqa: ANN401 - a tree of dicts and lists
    fresh: Any = {} if isinstance(following, str) else []
    match step:
        case str(key):
            return place.setdefault(key, fresh)
        case int():
            if not place:
                place.append(fresh)
            return place[0]
        case Item(key, word):
            item = _item(place, key, str(word))
            if item is None:
                item = {key: word}
                place.append(item)
            return item
