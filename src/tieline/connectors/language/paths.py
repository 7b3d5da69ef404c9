"""Paths into an answer: `body.results[0].id`, `header.Retry-After`, `status`, compiled once to a closure.

A step is a key or `[index]`; a key that itself holds a dot or a bracket is written `["odd.key"]`. A missing step gives None,
never an error: absence is an answer too.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

Step = str | int
Read = Callable[[Mapping[str, Any]], Any]

_STEP: Final = re.compile(r'(?:^|(?<=.)\.)([^.\[\]"\s$]+)|\[(-?\d{1,6})\]|\["([^"]+)"\]')
LONGEST_PATH: Final = 400


def parse(text: str) -> tuple[Step, ...]:
    """Split a path into steps. Raises: ValueError: it is not a path."""
    steps: list[Step] = []
    position = 0
    while position < len(text) <= LONGEST_PATH:
        match = _STEP.match(text, position)
        if match is None:
            break
        key, index, quoted = match.groups()
        steps.append(int(index) if index is not None else key if key is not None else quoted)
        position = match.end()
    if position != len(text) or not steps:
        message = f"{text[:80]!r} is not a path; a path reads like body.results[0].id"
        raise ValueError(message)
    return tuple(steps)


def compile_path(text: str) -> Read:
    """Return a function that reads `text` from a tree of roots. Raises: ValueError: it is not a path."""
    steps = parse(text)
    if steps[0] == "header":
        return _header_reader(".".join(str(step) for step in steps[1:]).lower())
    if len(steps) == 1:
        root = str(steps[0])
        return lambda roots: roots.get(root)
    return lambda roots: walk(roots, steps)


def walk(tree: object, steps: Iterable[Step]) -> Any:  # noqa: ANN401 - whatever the vendor put there
    """Follow `steps` through plain dicts and lists; None as soon as one leads nowhere."""
    for step in steps:
        tree = _child(tree, step)
        if tree is None:
            return None
    return tree


def stands(tree: object, steps: Sequence[Step]) -> bool:
    """Say whether the place exists, be it that null stands there."""
    parent = walk(tree, steps[:-1])
    last = steps[-1]
    if isinstance(parent, dict):
        return last in parent
    return isinstance(parent, list | tuple) and isinstance(last, int) and -len(parent) <= last < len(parent)


def _child(tree: object, step: Step) -> Any:  # noqa: ANN401 - see walk
    if isinstance(step, str):
        return tree.get(step) if isinstance(tree, dict) else None
    if isinstance(tree, list | tuple) and -len(tree) <= step < len(tree):
        return tree[step]
    return None


def _header_reader(name: str) -> Read:
    """Headers are matched without regard to case; the tree holds them lower-cased."""
    return lambda roots: roots["header"].get(name)
