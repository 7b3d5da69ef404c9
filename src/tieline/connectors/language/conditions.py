"""Conditions over an answer or an event: `{status: 2xx, body.code: {not: "0"}}`. All rows of a condition must hold.

A value may be a scalar, a list (any of them), `{not: …}`, `{exists: true}`, `{filled: true}` (there, and neither empty text nor
an empty list), `{contains: text}` or `{starts: text}`. Numbers and text are compared by their characters, because vendors send
the code 0 on one day as a number and on the next as text.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from tieline.connectors.language.paths import compile_path

Test = Callable[[Any], bool]
Roots = Mapping[str, Any]
_STATUS: Final = re.compile(r"[1-5](?:xx|[0-9]{2})")
_OPERATORS: Final = ("not", "exists", "filled", "contains", "starts")
_EMPTY: Final[tuple[object, ...]] = (None, "", [], {})


def compile_conditions(when: Mapping[str, object]) -> Callable[[Roots], bool]:
    """Return a function that says whether every condition holds. Raises: ValueError: one that cannot be read."""
    tests = [(compile_path(path), compile_test(path, wanted)) for path, wanted in when.items()]
    if len(tests) == 1:
        ((read, test),) = tests
        return lambda roots: test(read(roots))
    return lambda roots: all(test(read(roots)) for read, test in tests)


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


def _operator(path: str, wanted: Mapping[str, Any]) -> Test:
    if len(wanted) != 1 or next(iter(wanted)) not in _OPERATORS:
        message = f"the condition on {path} must be a value, a list, or one of {', '.join(_OPERATORS)}"
        raise ValueError(message)
    operator, operand = next(iter(wanted.items()))
    if operator == "not":
        positive = compile_test(path, operand)
        return lambda value: not positive(value)
    if operator in {"exists", "filled"}:
        return _presence(path, operator, operand)
    text = str(operand)
    if operator == "starts":
        return lambda value: (canonical(value) or "").startswith(text) if value is not None else False
    return lambda value: value is not None and text in (value if isinstance(value, list | str) else str(value))


def _presence(path: str, operator: str, operand: object) -> Test:
    if operand is not True and operand is not False:
        message = f"the condition on {path} says {operator}: true or {operator}: false"
        raise ValueError(message)
    if operator == "exists":
        return lambda value: (value is not None) is operand
    return lambda value: (value not in _EMPTY) is operand


def _status_test(words: list[str | None]) -> Test:
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
