"""Where a value stands: what dotted paths find, and the trees they build."""

from typing import Any

import pytest

from tieline.mapping.paths import Item, clash, compile_path, put, writable
from tieline.mapping.refusals import ExpressionRefused

RECORD: dict[str, Any] = {
    "name": "Li",
    "owner": {"email": "a@b.cn", "team": {"name": "VIP"}},
    "lines": [{"sku": "A1"}, {"sku": "B2"}],
    "姓名": "张",
    "first-name": "Wei",
    "@status": "open",
    "#text": "inside",
    "Tier__c": "Gold",
    "__class__": "a key like any other",
    "Customer Name": {"first.last": "quoted"},
    "custom_fields": [{"id": 360001, "value": "red"}, {"id": "7", "value": "blue"}, "stray"],
    "text": "abc",
    "nothing": None,
}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("name", "Li"),
        ("owner.email", "a@b.cn"),
        ("owner.team.name", "VIP"),
        ("lines[0].sku", "A1"),
        ("lines[-1].sku", "B2"),
        ("姓名", "张"),
        ("first-name", "Wei"),
        ("@status", "open"),
        ("#text", "inside"),
        ("Tier__c", "Gold"),
        ("__class__", "a key like any other"),
        ('"Customer Name"."first.last"', "quoted"),
        ("custom_fields[id=360001].value", "red"),
        ("custom_fields[id=7].value", "blue"),
        ('custom_fields[id="7"].value', "blue"),
    ],
)
def test_a_dotted_path_finds_its_value(path: str, found: object) -> None:
    compiled = compile_path(path)
    assert (compiled.find(RECORD), compiled.steps is not None) == (found, True)


@pytest.mark.parametrize(
    "path",
    [
        "missing", "owner.missing", "name.first", "name[0]", "text[1]", "lines[9].sku", "lines[-3]", "lines.sku", "owner[0]",
        "nothing.more", "nothing[0]", "custom_fields[id=8].value", "name[id=1]", "missing.a.b.c", "[0]",
    ],
)  # fmt: skip
def test_a_path_to_nowhere_finds_nothing(path: str) -> None:
    assert compile_path(path).find(RECORD) is None


def test_a_path_reads_a_record_that_is_a_list_of_columns() -> None:
    assert compile_path("[1]").find(["a", "b"]) == "b"  # type: ignore[arg-type]  # Kingdee's bill query answers such rows


@pytest.mark.parametrize("path", ["", ".", "a.", ".a", "a..b", "a[", "a[x]", "a b", "{{7*7}}", "{0.__class__}", "a[id=]"])
def test_what_is_neither_dotted_nor_jmespath_is_refused(path: str) -> None:
    with pytest.raises(ExpressionRefused) as caught:
        compile_path(path)
    assert caught.value.code == "expr_invalid"


@pytest.mark.parametrize("path", ["a" * 1001, "a." * 33 + "a"])
def test_an_endless_path_is_refused(path: str) -> None:
    with pytest.raises(ExpressionRefused) as caught:
        compile_path(path)
    assert caught.value.code == "expr_limit"


def test_putting_values_builds_the_tree_on_the_way() -> None:
    tree: dict[str, Any] = {}
    for path, value in {
        "title": "t",
        "owner.name": "Li",
        "owner.mail.work": "a@b",
        "rows[0].sku": "A1",
        "rows[0].count": 2,
        "custom_fields[id=360001].value": "red",
        "custom_fields[id=7].value": "blue",
        "names[0]": "only",
    }.items():
        put(tree, compile_path(path).steps or (), value)
    assert tree == {
        "title": "t",
        "owner": {"name": "Li", "mail": {"work": "a@b"}},
        "rows": [{"sku": "A1", "count": 2}],
        "custom_fields": [{"id": 360001, "value": "red"}, {"id": 7, "value": "blue"}],
        "names": ["only"],
    }


def test_a_key_of_digits_in_quotes_is_written_as_text() -> None:
    tree: dict[str, Any] = {}
    put(tree, compile_path('fields[id="007"].value').steps or (), 1)
    assert tree == {"fields": [{"id": "007", "value": 1}]}


@pytest.mark.parametrize(
    ("one", "other", "clashes"),
    [
        ("a", "a", True),
        ("a", "a.b", True),
        ("a.b.c", "a.b", True),
        ("a[0]", "a.b", True),
        ("a[0].x", "a[id=1].x", True),
        ("a.b", "a.c", False),
        ("a[0].x", "a[0].y", False),
        ("a[id=1].x", "a[id=2].x", False),
    ],
)
def test_two_targets_clash_when_writing_both_would_lose_one(one: str, other: str, *, clashes: bool) -> None:
    first, second = compile_path(one).steps or (), compile_path(other).steps or ()
    assert (clash(first, second), clash(second, first)) == (clashes, clashes)


@pytest.mark.parametrize(
    ("path", "can_be_written"),
    [
        ("a.b", True),
        ("a[0]", True),
        ("a[0].b", True),
        ("a[id=1].b", True),
        ("a[1]", False),
        ("a[-1]", False),
        ("a[id=1]", False),
        ("[0]", False),
    ],
)
def test_a_tree_is_built_only_along_lists_of_one_and_items_with_more_than_their_key(path: str, *, can_be_written: bool) -> None:
    assert writable(compile_path(path).steps or ()) is can_be_written


def test_an_item_step_keeps_numbers_and_texts_apart() -> None:
    assert (compile_path("a[id=7].b").steps, compile_path('a[id="7"].b').steps) == (
        ("a", Item("id", 7), "b"),
        ("a", Item("id", "7"), "b"),
    )
