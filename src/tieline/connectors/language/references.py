"""The little there is of a language: `$in.phone.e164` refers, `${in.number}` stands inside text, `$$` is a dollar sign.

A reference that is a whole value keeps its type. Nothing computes; a change of form is a cast, a map of one key such as
`{$int: $in.number}` (see `casts`). A reference ending in `?` may be empty: its leaf is then left out.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from tieline.connectors.language.casts import cast_of

_NAME: Final = r"[a-z_][A-Za-z0-9_]*(?:\.[A-Za-z0-9_@#-]+)*"
_WHOLE: Final = re.compile(rf"\$({_NAME})(\??)")
_INSIDE: Final = re.compile(rf"\$\$|\$\{{({_NAME})(\??)\}}")
_SUSPECT: Final = re.compile(r"\$\{")
TreePath = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Reference:
    """`root.first.second`, and whether it may be empty."""

    root: str
    steps: tuple[str, ...]
    optional: bool = False

    def __str__(self) -> str:
        return ".".join((self.root, *self.steps))


Part = str | Reference


def parse_text(text: str) -> Part | tuple[Part, ...]:
    """Read one text of a tree: plain text, one reference, or a mixture. Raises: ValueError: a malformed reference."""
    if text.startswith("$") and not text.startswith(("$$", "${")):
        match = _WHOLE.fullmatch(text)
        if match is None:
            message = f"{text[:80]!r} is not a reference; write $in.phone.e164, or $$ for a dollar sign"
            raise ValueError(message)
        return _reference(match)
    return _mixture(text) if "$" in text else text


def _mixture(text: str) -> Part | tuple[Part, ...]:
    parts: list[Part] = []
    position = 0
    for match in _INSIDE.finditer(text):
        _refuse_loose_braces(text[position : match.start()])
        parts.append(text[position : match.start()])
        parts.append(_reference(match) if match.group(1) else "$")
        position = match.end()
    _refuse_loose_braces(text[position:])
    parts.append(text[position:])
    return _joined(parts)


def _joined(parts: list[Part]) -> Part | tuple[Part, ...]:
    merged: list[Part] = []
    for part in parts:
        if isinstance(part, str) and merged and isinstance(merged[-1], str):
            merged[-1] += part
        elif part != "":
            merged.append(part)
    return merged[0] if len(merged) == 1 and isinstance(merged[0], str) else tuple(merged)


def _refuse_loose_braces(text: str) -> None:
    if _SUSPECT.search(text):
        message = f"{text[:80]!r} holds a malformed ${{…}}; write ${{in.number}}"
        raise ValueError(message)


def _reference(match: re.Match[str]) -> Reference:
    root, *steps = match.group(1).split(".")
    return Reference(root, tuple(steps), optional=match.group(2) == "?")


def references(tree: object, at: TreePath = ()) -> Iterator[tuple[TreePath, Reference | ValueError]]:
    """Yield every reference in `tree` with its place; a malformed one is yielded as its error, so that all are told at once."""
    try:
        cast_of(tree)
    except ValueError as exc:
        yield at, exc
        return
    if isinstance(tree, Mapping):
        for key, value in tree.items():
            yield from references(value, (*at, key))
    elif isinstance(tree, list | tuple):
        for index, value in enumerate(tree):
            yield from references(value, (*at, index))
    elif isinstance(tree, str):
        yield from _in_text(tree, at)


def _in_text(text: str, at: TreePath) -> Iterator[tuple[TreePath, Reference | ValueError]]:
    try:
        parsed = parse_text(text)
    except ValueError as exc:
        yield at, exc
        return
    for part in parsed if isinstance(parsed, tuple) else (parsed,):
        if isinstance(part, Reference):
            yield at, part
