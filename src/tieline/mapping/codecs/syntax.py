"""How codecs are written: `trim | time(%Y-%m-%d, Asia/Shanghai)`.

Codecs stand in reading order, joined by `|`. Arguments are text, split at commas, without the spaces around them. One that
holds a comma, a bracket or a space of its own stands in quotes: `split(",")`.
"""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from tieline.mapping.refusals import CodecRefused

LONGEST_TEXT: Final = 1000
_DEEPEST_NESTING: Final = 8
_CALL: Final = re.compile(r"([a-z][a-z0-9_]*)(?:\((.*)\))?", re.DOTALL)


class Call(NamedTuple):
    """One codec as written. An argument may itself be codecs: `each(trim | lower)`."""

    name: str
    arguments: tuple[str, ...]


def parse_calls(text: str) -> tuple[Call, ...]:
    """Split `text` into calls. Raises: CodecRefused: too long, too deep, or brackets and quotes that do not match."""
    if len(text) > LONGEST_TEXT:
        raise CodecRefused(f"longer than {LONGEST_TEXT} characters")
    return tuple(_call(part.strip()) for part in _split(text, "|"))


def _call(text: str) -> Call:
    found = _CALL.fullmatch(text)
    if found is None:
        raise CodecRefused("a codec is written name or name(argument, …)")
    name, inside = found.groups()
    return Call(name, tuple(map(_unquoted, _split(inside, ","))) if inside and inside.strip() else ())


def _unquoted(text: str) -> str:
    stripped = text.strip()
    quoted = len(stripped) > 1 and stripped[0] in "\"'" and stripped[-1] == stripped[0]
    return stripped[1:-1] if quoted else stripped


def _split(text: str, separator: str) -> Iterator[str]:
    """Yield the parts of `text` between separators that stand outside brackets and quotes."""
    start = depth = 0
    quote = ""
    before = "("
    for position, character in enumerate(text):
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'" and before in "(,":
            quote = character
        elif character == separator and depth == 0:
            yield text[start:position]
            start = position + 1
        else:
            depth += (character == "(") - (character == ")")
        _check_depth(depth)
        before = before if character.isspace() else character
    if depth or quote:
        raise CodecRefused("a bracket or quote is not closed")
    yield text[start:]


def _check_depth(depth: int) -> None:
    if not 0 <= depth <= _DEEPEST_NESTING:
        raise CodecRefused("brackets do not match or are nested too deeply")
