"""Writing a record: the vendor's tree, and what people typed there by hand stays."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from tieline.domain.errors import MappingInvalid, RequestRefused
from tieline.domain.money import Money
from tieline.mapping.compile import compile_rows
from tieline.mapping.record import RecordMapping
from tieline.mapping.source import RowSource
from tieline.mapping.spec import Row, WriteMode
from tieline.mapping.write import may_write


def mapping(kind: str = "ticket", **rows: object) -> RecordMapping:
    return compile_rows(rows, kind=kind, source=RowSource("test"))


def created(canonical: dict[str, Any], kind: str = "ticket", **rows: object) -> dict[str, Any]:
    return mapping(kind, **rows).write(canonical, current=None, is_new=True)


def updated(canonical: dict[str, Any], current: dict[str, Any], kind: str = "ticket", **rows: object) -> dict[str, Any]:
    return mapping(kind, **rows).write(canonical, current=current, is_new=False)


@pytest.mark.parametrize(
    ("write", "current", "is_new", "allowed"),
    [
        ("overwrite", "typed by hand", False, True),
        ("append", "typed by hand", False, True),
        ("if_new", None, True, True),
        ("if_new", None, False, False),
        ("if_empty", None, False, True),
        ("if_empty", "", False, True),
        ("if_empty", [], False, True),
        ("if_empty", "typed by hand", False, False),
        ("if_empty", 0, False, False),
        ("if_empty", False, False, False),
    ],
)
def test_a_row_may_touch_the_vendors_field(write: WriteMode, current: object, *, is_new: bool, allowed: bool) -> None:
    assert may_write(Row(name="subject", field="s", write=write), current, is_new=is_new) is allowed


def test_the_vendors_tree_is_built_from_the_rows() -> None:
    tree = created(
        {"subject": "Broken", "status": "new", "description": "It is", "category": "A7"},
        subject={"field": "ticket.title"},
        status={"field": "ticket.state", "values": {"new": 1}},
        description={"to": "ticket.comments[0].body"},
        category={"to": "ticket.custom[id=360001].value"},
    )
    assert tree == {
        "ticket": {"title": "Broken", "state": 1, "comments": [{"body": "It is"}], "custom": [{"id": 360001, "value": "A7"}]}
    }


def test_a_field_that_was_not_given_is_left_alone_and_one_without_a_row_is_passed_over() -> None:
    assert updated({"subject": "x", "url": "y"}, {}, subject={"field": "s"}, number={"field": "n"}) == {"s": "x"}


def test_a_row_that_only_reads_is_never_written() -> None:
    assert created({"subject": "x"}, subject={"from": "s"}) == {}


def test_none_clears_on_update_and_is_skipped_when_new() -> None:
    row = {"field": "who"}
    assert (updated({"assignee": None}, {}, assignee=row), created({"assignee": None}, assignee=row)) == ({"who": None}, {})


def test_clearing_uses_the_vendors_own_word_for_nothing() -> None:
    assert updated({"assignee": None}, {}, assignee={"field": "who", "as": "null_if(false)"}) == {"who": False}


def test_a_default_is_written_on_new_records_only() -> None:
    row = {"field": "p", "values": {"normal": "N"}, "default": "normal"}
    assert (created({}, priority=row), updated({}, {}, priority=row)) == ({"p": "N"}, {})


def test_if_new_is_written_once() -> None:
    row = {"field": "s", "write": "if_new"}
    assert (created({"subject": "x"}, subject=row), updated({"subject": "x"}, {"s": ""}, subject=row)) == ({"s": "x"}, {})


@pytest.mark.parametrize(
    ("current", "tree"), [({"s": "typed"}, {}), ({"s": ""}, {"s": "x"}), ({}, {"s": "x"}), ({"s": None}, {"s": "x"})]
)
def test_if_empty_keeps_what_people_typed(current: dict[str, Any], tree: dict[str, Any]) -> None:
    assert updated({"subject": "x"}, current, subject={"field": "s", "write": "if_empty"}) == tree


def test_if_empty_understands_the_vendors_word_for_nothing() -> None:
    row = {"field": "s", "write": "if_empty", "as": "null_if(false)"}
    assert (updated({"subject": "x"}, {"s": False}, subject=row), updated({"subject": "x"}, {"s": "typed"}, subject=row)) == (
        {"s": "x"},
        {},
    )


def test_if_empty_does_not_take_what_it_cannot_read_for_empty() -> None:
    row = {"field": "n", "write": "if_empty"}
    assert updated({"order_count": 3}, {"n": "a few"}, "customer", order_count=row) == {}


@pytest.mark.parametrize(
    ("current", "written"),
    [("", "new"), ("old", "old\nnew"), ("old\nnew\nolder", "old\nnew\nolder"), ("renew", "renew\nnew")],
)
def test_append_adds_text_on_a_line_of_its_own_once(current: str, written: str) -> None:
    assert updated({"note": "new"}, {"n": current}, "customer", note={"field": "n", "write": "append"}) == {"n": written}


@pytest.mark.parametrize(
    ("codec", "current", "written"), [("", ["a", "b"], ["a", "b", "c"]), ("split(;)", "a;b", "a;b;c"), ("", None, ["b", "c"])]
)
def test_append_adds_the_items_that_are_missing(codec: str, current: object, written: object) -> None:
    row = {"field": "t", "write": "append", "as": codec}
    assert updated({"tags": ["b", "c"]}, {"t": current}, "customer", tags=row) == {"t": written}


def test_append_to_what_cannot_be_read_is_refused() -> None:
    with pytest.raises(MappingInvalid, match="cannot be read"):
        updated({"note": "new"}, {"n": {"rich": "text"}}, "customer", note={"field": "n", "write": "append"})


def test_an_update_that_must_look_first_needs_the_present_record() -> None:
    careful = mapping(subject={"field": "s", "write": "if_empty"}, number={"field": "n"})
    with pytest.raises(ValueError, match="present record"):
        careful.write({"subject": "x"}, current=None, is_new=False)
    assert careful.write({"number": "1"}, current=None, is_new=False) == {"n": "1"}


@pytest.mark.parametrize("canonical", [{}, {"subject": None}])
def test_a_required_field_missing_on_a_new_record_is_refused(canonical: dict[str, Any]) -> None:
    with pytest.raises(RequestRefused) as caught:
        created(canonical, subject={"field": "s", "required": True})
    assert (caught.value.code, caught.value.detail) == ("field_required", "subject is required")


def test_a_required_field_need_not_be_in_an_update_but_cannot_be_cleared() -> None:
    row = {"field": "s", "required": True}
    assert updated({}, {}, subject=row) == {}
    with pytest.raises(RequestRefused):
        updated({"subject": None}, {}, subject=row)


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("subject", 5, "field_type"),
        ("status", "canary-7731", "field_type"),
        ("due_at", "canary-7731", "field_type"),
        ("due_at", "2026-01-02T10:00:00", "field_datetime"),
    ],
)
def test_a_value_of_another_type_is_refused_without_repeating_it(field: str, value: object, code: str) -> None:
    with pytest.raises(RequestRefused) as caught:
        compile_rows({field: {"field": "x"}}, kind="ticket", source=RowSource("test")).write(
            {field: value}, current=None, is_new=True
        )
    assert (caught.value.code, "canary" in str(caught.value)) == (code, False)


AT = datetime(2026, 11, 22, 10, 0, tzinfo=timezone(timedelta(hours=8)))


@pytest.mark.parametrize(
    ("codec", "sent"),
    [
        ("", "2026-11-22T02:00:00Z"),
        ("trim", "2026-11-22T02:00:00Z"),
        ("epoch(s)", 1795312800),
        ("typed(odata)", "/Date(1795312800000)/"),
    ],
)
def test_an_instant_is_sent_as_the_codec_says_else_as_iso(codec: str, sent: object) -> None:
    assert created({"due_at": AT}, due_at={"field": "d", "as": codec}) == {"d": sent}


def test_values_as_a_model_dumps_them_are_taken() -> None:
    canonical = {
        "total_spent": Money(amount=Decimal("12.50"), currency="CNY").model_dump(),
        "birth_date": "2026-01-02",
        "phones": ("1",),
    }
    rows = {"total_spent": {"field": "a", "as": "money(c)"}, "birth_date": {"field": "b"}, "phones": {"field": "p"}}
    assert created(canonical, "customer", **rows) == {"a": "12.50", "c": "CNY", "b": "2026-01-02", "p": ["1"]}


def test_money_in_another_currency_than_the_fields_is_refused() -> None:
    with pytest.raises(MappingInvalid, match="the field holds CNY only"):
        created({"balance": Money(amount=Decimal(1), currency="USD")}, "account", balance={"field": "b", "as": "money(CNY)"})


def test_two_amounts_that_share_a_currency_must_agree_on_it() -> None:
    rows = {"balance": {"field": "b", "as": "money(c)"}, "overdue": {"field": "o", "as": "money(c)"}}
    one, other = Money(amount=Decimal(1), currency="CNY"), Money(amount=Decimal(2), currency="USD")
    assert created({"balance": one, "overdue": one}, "account", **rows) == {"b": "1", "o": "1", "c": "CNY"}
    with pytest.raises(MappingInvalid, match="different values beside them"):
        created({"balance": one, "overdue": other}, "account", **rows)


def test_a_day_goes_as_its_pattern_says() -> None:
    assert created({"birth_date": date(2026, 1, 2)}, "customer", birth_date={"field": "b", "as": "date(%d.%m.%Y)"}) == {
        "b": "02.01.2026"
    }


def test_where_the_vendor_keeps_one_the_first_of_several_is_sent() -> None:
    assert created({"phones": ["1", "2"]}, "customer", phones={"field": "p", "as": "single"}) == {"p": "1"}


def test_a_comment_and_a_call_are_written_without_any_id() -> None:
    said = created(
        {"text": "Hi", "public": False, "at": AT.astimezone(UTC)}, "comment", text={"to": "body"}, public={"to": "is_public"}
    )
    dialled = created({"agent": "1001", "to": "+8613800138000"}, "call", agent={"to": "ext"}, to={"to": "callee"})
    assert (said, dialled) == ({"body": "Hi", "is_public": False}, {"ext": "1001", "callee": "+8613800138000"})


def test_writing_leaves_what_was_given_as_it_was() -> None:
    current = {"t": ["a"]}
    canonical = {"tags": ["b"]}
    updated(canonical, current, "customer", tags={"field": "t", "write": "append"})
    assert (current, canonical) == ({"t": ["a"]}, {"tags": ["b"]})
