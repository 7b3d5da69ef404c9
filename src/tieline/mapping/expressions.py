"""JMESPath behind a fence: whatever an administrator writes ends quickly, stays small and never becomes a float by itself.

JMESPath (https://jmespath.org/specification.html, read 2026-11-22) has no loops and no reflection, but a thousand characters can
still double a list a hundred times over, and `to_number` turns `+8613800138000` into an integer. So the text, its depth and
its multi-selects are bounded when it is compiled, and steps and sizes when it runs.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import jmespath
from jmespath import exceptions, functions, visitor

from tieline.mapping.refusals import ExpressionRefused, Unreadable

Record = Mapping[str, Any]
Find = Callable[[Record], Any]

LONGEST_TEXT: Final = 1000
_DEEPEST_TREE: Final = 64
_MOST_SELECTED: Final = 24
_MOST_STEPS: Final = 20_000
_LONGEST_LIST: Final = 10_000
_LONGEST_TEXT_MADE: Final = 65_536
_ARITHMETIC: Final = frozenset({"to_number", "sum", "avg"})
_SELECTS: Final = frozenset({"multi_select_list", "multi_select_dict"})
_Node = Mapping[str, Any]


class _Functions(functions.Functions):
    """The standard functions; `to_string` takes single values only, for a nested one may be endless when written out."""

    @functions.signature({"types": ["string", "number", "boolean", "null"]})
    def _func_to_string(self, value: object) -> str:
        return str(super()._func_to_string(value))  # type: ignore[misc]  # the stubs leave the functions out


_OPTIONS: Final = visitor.Options(custom_functions=_Functions())


class _Fenced(visitor.TreeInterpreter):
    """Counts steps and looks at the size of what each one made."""

    def __init__(self) -> None:
        super().__init__(_OPTIONS)
        self._steps_left = _MOST_STEPS

    def visit(self, node: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - the library's own signature
        """Evaluate one node. Raises: Unreadable: beyond a limit."""
        self._steps_left -= 1
        if self._steps_left < 0:
            raise Unreadable("the expression takes too many steps")
        found = super().visit(node, *args, **kwargs)
        if found.__class__ is list and len(found) > _LONGEST_LIST:
            raise Unreadable("the expression makes too long a list")
        if found.__class__ is str and node["type"] == "function_expression" and len(found) > _LONGEST_TEXT_MADE:
            raise Unreadable("the expression makes too long a text")
        return found


def compile_expression(text: str) -> Find:
    """Return a function from a record to what `text` finds in it, None for nothing.

    The function raises Unreadable. Raises: ExpressionRefused: not JMESPath, or beyond a limit.
    """
    if len(text) > LONGEST_TEXT:
        raise ExpressionRefused(f"longer than {LONGEST_TEXT} characters", code="expr_limit")
    try:
        tree: _Node = jmespath.compile(text).parsed
    except exceptions.JMESPathError as exc:
        raise ExpressionRefused("neither a dotted path nor JMESPath") from exc
    except RecursionError as exc:
        raise ExpressionRefused("nested too deeply", code="expr_limit") from exc
    _check(tree)

    def find(record: Record) -> Any:  # noqa: ANN401 - a vendor's value has no type of ours
        try:
            return _Fenced().visit(tree, record)
        except (exceptions.JMESPathError, TypeError, AttributeError) as exc:
            raise Unreadable("the expression does not fit the record") from exc

    return find


def _check(tree: _Node) -> None:
    selected = 0
    for node, depth in _walk(tree):
        if depth > _DEEPEST_TREE:
            raise ExpressionRefused("nested too deeply", code="expr_limit")
        if node["type"] in _SELECTS:
            selected += len(node["children"])
        if node["type"] == "function_expression":
            _check_call(node)
    if selected > _MOST_SELECTED:
        raise ExpressionRefused(f"selects more than {_MOST_SELECTED} things", code="expr_limit")


def _check_call(node: _Node) -> None:
    """Refuse at load what JMESPath itself would only refuse when run: unknown functions and wrong argument counts."""
    name = node["value"]
    if name in _ARITHMETIC:
        raise ExpressionRefused(f"{name}() works on floats; let a codec read the number")
    known = _Functions.FUNCTION_TABLE.get(name)
    if known is None:
        raise ExpressionRefused("calls a function that JMESPath does not have")
    wanted, given = known["signature"], len(node["children"])
    variadic = bool(wanted) and wanted[-1].get("variadic", False)
    if given < len(wanted) or (given > len(wanted) and not variadic):
        raise ExpressionRefused(f"{name}() takes {len(wanted)} argument(s)")


def _walk(tree: _Node) -> Iterator[tuple[_Node, int]]:
    """Yield every node with its depth, without recursion."""
    waiting = [(tree, 1)]
    while waiting:
        node, depth = waiting.pop()
        yield node, depth
        # A slice keeps its bounds, plain numbers, where other nodes keep nodes.
        waiting.extend((child, depth + 1) for child in node["children"] if isinstance(child, dict))
