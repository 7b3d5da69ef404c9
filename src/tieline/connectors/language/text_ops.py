"""Small pure steps that rewrite one text: `[{after: "-"}, {prefix: "T"}]`. A step that finds nothing to do gives nothing: None.

They serve ids that one system writes in two ways (`1767322800-37` here, `1767322800000-37` there) or wraps (`zen:ticket:42`).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

Step = Callable[[str], str | None]
LONGEST_TEXT: Final = 4000


def check_text_ops(ops: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    """Accept steps that can be compiled. Raises: ValueError."""
    compile_text_ops(ops)
    return ops


def compile_text_ops(ops: Sequence[Mapping[str, Any]]) -> Step:
    """Return one function for all steps in order. Raises: ValueError: an unknown step or a wrong operand."""
    steps = [_compile(op) for op in ops]

    def rewrite(text: str) -> str | None:
        rewritten: str | None = text[:LONGEST_TEXT]
        for step in steps:
            if rewritten is None:
                return None
            rewritten = step(rewritten)
        return rewritten

    return rewrite


def _compile(op: Mapping[str, Any]) -> Step:
    name = str(next(iter(op))) if isinstance(op, Mapping) and len(op) == 1 else ""
    if name not in _STEPS:
        message = f"a step is one of {', '.join(_STEPS)}, each with its operand"
        raise ValueError(message)
    return _STEPS[name](op[name])


def _text(operand: object) -> str:
    if not isinstance(operand, str) or not operand:
        raise ValueError("the operand is a text in quotes, and not empty")
    return operand


def _count(operand: object) -> int:
    if isinstance(operand, bool) or not isinstance(operand, int) or not 1 <= operand <= LONGEST_TEXT:
        raise ValueError("the operand is a whole number of characters")
    return operand


def _before(operand: object) -> Step:
    mark = _text(operand)
    return lambda text: text.partition(mark)[0] if mark in text else None


def _after(operand: object) -> Step:
    mark = _text(operand)
    return lambda text: text.partition(mark)[2] if mark in text else None


def _after_last(operand: object) -> Step:
    mark = _text(operand)
    return lambda text: text.rpartition(mark)[2] if mark in text else None


def _prefix(operand: object) -> Step:
    mark = _text(operand)
    return lambda text: mark + text


def _suffix(operand: object) -> Step:
    mark = _text(operand)
    return lambda text: text + mark


def _without_prefix(operand: object) -> Step:
    mark = _text(operand)
    return lambda text: text.removeprefix(mark)


def _first(operand: object) -> Step:
    count = _count(operand)
    return lambda text: text[:count]


def _last(operand: object) -> Step:
    count = _count(operand)
    return lambda text: text[-count:]


def _head(operand: object) -> Step:
    """`{head: {of: "-", steps: […]}}` rewrites what stands before the first mark and keeps the rest."""
    if not isinstance(operand, Mapping) or set(operand) != {"of", "steps"}:
        raise ValueError('head reads {of: "-", steps: […]}')
    mark, rewrite = _text(operand["of"]), compile_text_ops(operand["steps"])

    def step(text: str) -> str | None:
        head, found, tail = text.partition(mark)
        rewritten = rewrite(head)
        return None if rewritten is None or not found else rewritten + found + tail

    return step


def _case(operand: object) -> Step:
    match operand:
        case "lower":
            return str.lower
        case "upper":
            return str.upper
        case _:
            raise ValueError("case is lower or upper")


_STEPS: Final[Mapping[str, Callable[[object], Step]]] = {
    "before": _before,
    "after": _after,
    "after_last": _after_last,
    "prefix": _prefix,
    "suffix": _suffix,
    "without_prefix": _without_prefix,
    "first": _first,
    "last": _last,
    "head": _head,
    "case": _case,
}
