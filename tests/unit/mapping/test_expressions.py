"""JMESPath behind its fence: what richer paths find, and how nothing an administrator writes gets out of hand."""

import time
from typing import Any

import pytest

from tieline.mapping.expressions import compile_expression
from tieline.mapping.refusals import ExpressionRefused, Unreadable

RECORD: dict[str, Any] = {
    "first": "Wei",
    "last": None,
    "phones": [{"kind": "home", "n": "010"}, {"kind": "mobile", "n": "138"}],
    "id": 7,
    "many": list(range(9000)),
    "text": "x" * 60_000,
}


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("phones[?kind=='mobile'].n | [0]", "138"),
        ("last || first", "Wei"),
        ("join(' ', [first, last][?@])", "Wei"),
        ("phones[*].n", ["010", "138"]),
        ("join('-', [to_string(id), first])", "7-Wei"),
        ("@.first", "Wei"),
        ("missing[*].n", None),
    ],
)
def test_jmespath_finds_what_a_dotted_path_cannot(expression: str, found: object) -> None:
    assert compile_expression(expression)(RECORD) == found


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ("{{7*7}}", "neither a dotted path nor JMESPath"),
        ("{0.__class__}", "neither a dotted path nor JMESPath"),
        ("__import__('os')", "calls a function that JMESPath does not have"),
        ("a || evil(b)", "calls a function that JMESPath does not have"),
        ("length()", "length() takes 1 argument(s)"),
        ("length(a, b)", "length() takes 1 argument(s)"),
        ("to_number(phone)", "to_number() works on floats; let a codec read the number"),
        ("sum(lines[*].amount)", "sum() works on floats; let a codec read the number"),
    ],
)
def test_what_could_never_run_is_refused_when_it_is_compiled(expression: str, problem: str) -> None:
    with pytest.raises(ExpressionRefused, match="^" + problem.replace("(", r"\(").replace(")", r"\)") + "$") as caught:
        compile_expression(expression)
    assert caught.value.code == "expr_invalid"


@pytest.mark.parametrize(
    "expression", ["a" * 1001, "(" * 900, "!" * 900, "a" + "||a" * 300, "[@,@]|[]|" * 13 + "@", "[" + "a," * 24 + "a]"]
)
def test_what_is_too_long_too_deep_or_doubles_too_often_is_refused(expression: str) -> None:
    with pytest.raises(ExpressionRefused) as caught:
        compile_expression(expression)
    assert caught.value.code == "expr_limit"


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("many[*].[@,@][]", "too many steps"),
        ("[many,many][]", "too long a list"),
        ("join('', [text, text])", "too long a text"),
        ("join(' ', [first, last])", "does not fit the record"),
        ("to_string(phones)", "does not fit the record"),
        ("length(id)", "does not fit the record"),
        ("sort_by(phones, &missing)", "does not fit the record"),
    ],
)
def test_what_takes_too_much_or_does_not_fit_is_unreadable(expression: str, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        compile_expression(expression)(RECORD)


def test_the_worst_that_the_limits_allow_ends_within_a_tenth_of_a_second() -> None:
    doubling = compile_expression("[@,@]|[]|" * 11 + "[?@ == `1`]")
    begun = time.process_time()
    doubling({"a": RECORD["many"]})
    assert time.process_time() - begun < 0.1


def test_an_expression_cannot_change_the_record() -> None:
    record = {"a": [3, 1, 2], "b": {"x": 1}}
    compile_expression("[sort(a), reverse(a), merge(b, {x: `2`})]")(record)
    assert record == {"a": [3, 1, 2], "b": {"x": 1}}
