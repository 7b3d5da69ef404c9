"""Conditions over an answer or an event: `{status: 2xx, body.code: {not: "0"}}`. All rows of a condition must hold.

A value may be a scalar, a list (any of them), or a map of one operator (`OPERATORS`). The keys `any` and `all` hold a list of
conditions. Numbers and text are compared by their characters, because vendors send the code 0 on one day as a number and on the
next as text; `at_least` and `below` compare by size.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from tieline.connectors.language.paths import compile_path

Test = Callable[[Any], bool]
Roots = Mapping[str, Any]
Condition = Callable[[Roots], bool]
_EMPTY: Final[tuple[object, ...]] = (None, "", [], {})
_STATUS: Final = re.compile(r"[1-5](?:xx|[0-9]{2})")
_TYPES: Final[Mapping[str, type | tuple[type, ...]]] = {"text": str, "object": dict, "list": list, "number": (int, float)}


def compile_conditions(when: Mapping[str, object]) -> Condition:
    """Return a function that says whether every condition holds. Raises: ValueError: one that cannot be read."""
    tests = [_row(path, wanted) for path, wanted in when.items()]
    if len(tests) == 1:
        return tests[0]
    return lambda roots: all(test(roots) for test in tests)


def paths_in(when: Mapping[str, object]) -> Iterator[str]:
    """Yield every path a condition reads, those inside `any` and `all` included."""
    for path, wanted in when.items():
        if path in _GROUPS and isinstance(wanted, list | tuple):
            for each in wanted:
                yield from paths_in(each) if isinstance(each, Mapping) else ()
        else:
            yield path


def _row(path: str, wanted: object) -> Condition:
    if path in _GROUPS:
        if not isinstance(wanted, list | tuple) or not wanted or not all(isinstance(each, Mapping) for each in wanted):
            message = f"{path} holds a list of conditions"
            raise ValueError(message)
        group, held = _GROUPS[path], [compile_conditions(each) for each in wanted]
        return lambda roots: group(condition(roots) for condition in held)
    read, test = compile_path(path), compile_test(path, wanted)
    return lambda roots: test(read(roots))


def compile_test(path: str, wanted: object) -> Test:
    """Return the test of one value. Raises: ValueError: an unknown operator, a map as value, or no status code."""
    if isinstance(wanted, Mapping):
        return _operator(path, wanted)
    words = [canonical(word) for word in (wanted if isinstance(wanted, list | tuple) else [wanted])]
    if path == "status":
        return _status_test(words)
    if len(words) == 1:
        word = words[0]
        return lambda value: canonical(value) == word
    accepted = frozenset(words)
    return lambda value: canonical(value) in accepted


def canonical(value: object) -> str | None:
    """Write a scalar so that 0 and "0", true and "true" are the same; None for what is not a scalar."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case None:
            return "null"
        case int() | float():
            return str(value)
        case _:
            return None


def holds_text(value: object, text: str) -> bool:
    """Say whether a text holds `text`, or a list has it among its items."""
    if isinstance(value, list):
        return any(canonical(item) == text for item in value)
    return value is not None and text in str(value)


def _operator(path: str, wanted: Mapping[str, Any]) -> Test:
    if len(wanted) != 1 or next(iter(wanted)) not in OPERATORS:
        message = f"the condition on {path} must be a value, a list, or one of {', '.join(OPERATORS)}"
        raise ValueError(message)
    operator, operand = next(iter(wanted.items()))
    return OPERATORS[operator](path, operand)


def _negated(path: str, operand: object) -> Test:
    positive = compile_test(path, operand)
    return lambda value: not positive(value)


def _flag(holds: Test) -> Callable[[str, object], Test]:
    def build(path: str, operand: object) -> Test:
        if not isinstance(operand, bool):
            message = f"the condition on {path} says true or false"
            raise ValueError(message)  # noqa: TRY004 - pydantic turns it into a fault with its line
        return lambda value: holds(value) is operand

    return build


def _starts(_path: str, operand: object) -> Test:
    beginnings = tuple(map(str, operand)) if isinstance(operand, list | tuple) else (str(operand),)
    return lambda value: value is not None and (canonical(value) or "").startswith(beginnings)


def _sized(holds: Callable[[float, float], bool]) -> Callable[[str, object], Test]:
    def build(path: str, operand: object) -> Test:
        limit = number(operand)
        if limit is None:
            message = f"the condition on {path} compares with a number"
            raise ValueError(message)
        return lambda value: (found := number(value)) is not None and holds(found, limit)

    return build


def _of_type(path: str, operand: object) -> Test:
    kind = _TYPES.get(str(operand))
    if kind is None:
        message = f"the type of {path} is one of {', '.join(_TYPES)}"
        raise ValueError(message)
    return lambda value: isinstance(value, kind) and not isinstance(value, bool)


def number(value: object) -> float | None:
    """Read a number, written as one or as text; None: it is none."""
    if isinstance(value, bool):
        return None
    try:
        return float(str(value))
    except ValueError:
        return None


OPERATORS: Final[Mapping[str, Callable[[str, Any], Test]]] = {
    "not": _negated,
    "exists": _flag(lambda value: value is not None),
    "filled": _flag(lambda value: value not in _EMPTY),
    "contains": lambda _path, operand: lambda value: holds_text(value, str(operand)),
    "starts": _starts,
    "below": _sized(lambda found, limit: found < limit),
    "at_least": _sized(lambda found, limit: found >= limit),
    "type": _of_type,
}
_GROUPS: Final[Mapping[str, Callable[[Iterator[bool]], bool]]] = {"any": any, "all": all}


def _status_test(words: Sequence[str | None]) -> Test:
    for word in words:
        if word is None or not _STATUS.fullmatch(word):
            raise ValueError("a status is written 404, 4xx, or as a list of them")
    exact = frozenset(int(word) for word in words if word and not word.endswith("xx"))
    classes = frozenset(int(word[0]) for word in words if word and word.endswith("xx"))
    return lambda status: status in exact or status // 100 in classes


def check_conditions(when: dict[str, Any]) -> dict[str, Any]:
    """Accept conditions that can be compiled. Raises: ValueError."""
    compile_conditions(when)
    return when
