"""The preview tells of each field where it looked, what it found, and what became of it."""

from typing import Any

import pytest

from tieline.mapping.compile import compile_rows
from tieline.mapping.preview import FieldPreview
from tieline.mapping.source import RowSource

ROWS: dict[str, object] = {
    "id": {"from": "uid"},
    "name": {"from": ["full", "short"], "as": "trim"},
    "phones": {"from": ["mobile", "others"], "as": "phone(CN)"},
    "tier": {"from": "grade", "values": {"A": "high_value"}},
    "order_count": {"from": "n", "default": 0},
    "city": {"from": "join('-', [a, b])"},
    "total_spent": {"from": "t.a", "as": "money(t.c)"},
    "note": {"to": "remark"},
    "country": {"default": "CN"},
}
RECORD: dict[str, Any] = {
    "uid": 7,
    "full": "",
    "short": " Li ",
    "mobile": "13800138000",
    "others": [{"x": 1}, "010-65543800"],
    "grade": "Z",
    "a": "x",
    "b": None,
    "t": {"a": 12.5, "c": "CNY"},
}
MAPPING = compile_rows(ROWS, kind="customer", source=RowSource("test"))


def preview(row: str, record: dict[str, Any] = RECORD) -> FieldPreview:
    return next(field for field in MAPPING.preview(record) if field.row == row)


def test_the_preview_has_every_row_that_reads_in_order() -> None:
    names = [field.row for field in MAPPING.preview(RECORD)]
    assert names == ["id", "name", "phones", "tier", "order_count", "city", "total_spent", "country"]


def test_what_was_read_shows_the_path_that_held_it() -> None:
    assert preview("name") == FieldPreview("name", "short", "trim", "read", " Li ", "Li")


def test_several_texts_show_every_path_and_why_some_were_left_out() -> None:
    assert preview("phones") == FieldPreview(
        row="phones",
        path="mobile, others",
        codec="phone(CN)",
        outcome="read",
        found=["13800138000", [{"x": 1}, "010-65543800"]],
        result=("+8613800138000", "+861065543800"),
        reason="some left out: not a text",
    )


def test_an_unknown_word_is_left_out_with_its_reason() -> None:
    assert preview("tier") == FieldPreview("tier", "grade", "", "left_out", "Z", None, "a word that `values` does not list")


def test_nothing_there_shows_the_default_or_that_it_is_absent() -> None:
    assert preview("order_count") == FieldPreview("order_count", "n", "", "default", None, 0, "nothing there")
    assert preview("name", {}) == FieldPreview("name", "full, short", "trim", "absent", None, None, "nothing there")
    assert preview("country").result == "CN"


def test_a_codec_that_leaves_nothing_is_told_apart_from_nothing_there() -> None:
    assert preview("name", {"full": "  "}).reason == "nothing left after the codec"


def test_an_expression_that_fails_is_left_out_with_its_reason() -> None:
    assert preview("city") == FieldPreview(
        "city", "join('-', [a, b])", "", "left_out", None, None, "the expression does not fit the record"
    )


def test_an_amount_shows_the_currency_found_beside_it() -> None:
    assert preview("total_spent").found == (12.5, "CNY")


def test_a_required_field_is_marked_and_does_not_raise() -> None:
    field = preview("id", {})
    assert (field.required, field.outcome) == (True, "absent")


@pytest.mark.parametrize("record", [RECORD, {"uid": "1"}, {"uid": 1, "short": 5, "n": "x", "mobile": [], "t": {"a": "free"}}])
def test_the_preview_and_the_reading_agree(record: dict[str, Any]) -> None:
    shown = {field.row: field.result for field in MAPPING.preview(record) if field.outcome in {"read", "default"}}
    assert shown == MAPPING.read(record)
