"""Reading a record: what reaches the canonical model, and what stays out of it."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from tieline.domain.customer import Customer
from tieline.domain.errors import VendorBadAnswer
from tieline.domain.money import Money
from tieline.domain.references import ExternalRef
from tieline.mapping.compile import compile_rows
from tieline.mapping.source import RowSource


def read(record: dict[str, Any], kind: str = "customer", **rows: object) -> dict[str, Any]:
    """Return the fields read from `record`, without the id unless the rows ask for it."""
    mapping = compile_rows(rows, kind=kind, source=RowSource("test"))
    fields = mapping.read({"id": "1", **record})
    return fields if "id" in rows else {name: value for name, value in fields.items() if name != "id"}


@pytest.mark.parametrize(
    ("vendor", "text"),
    [
        ("+8613800138000", "+8613800138000"),
        ("013800138000", "013800138000"),
        ("12345678901234567890", "12345678901234567890"),
        (13800138000, "13800138000"),
        (12345678901234567890, "12345678901234567890"),
        ("1e5", "1e5"),
        ("  kept  ", "  kept  "),
        ("a\x00b", "ab"),
    ],
)
def test_text_stays_text_and_numbers_become_their_characters(vendor: object, text: str) -> None:
    assert read({"zip": vendor}, postal_code={"field": "zip"}) == {"postal_code": text}


def test_the_id_is_read_from_the_path_id_unless_a_row_says_otherwise() -> None:
    assert read({}, name={"field": "n"}) == {}
    assert read({"uid": 7}, id={"from": "uid"}) == {"id": "7"}


@pytest.mark.parametrize("record", [{}, {"uid": None}, {"uid": ""}, {"uid": True}, {"uid": {"a": 1}}])
def test_a_record_without_a_usable_id_is_a_bad_answer(record: dict[str, Any]) -> None:
    mapping = compile_rows({"id": {"from": "uid"}}, kind="order", source=RowSource("test"))
    with pytest.raises(VendorBadAnswer, match="the order"):
        mapping.read(record)


def test_a_required_field_that_cannot_be_read_is_a_bad_answer_that_does_not_repeat_the_value() -> None:
    with pytest.raises(VendorBadAnswer) as caught:
        read({"n": "canary-7731"}, order_count={"field": "n", "required": True})
    assert str(caught.value) == "the customer's order_count cannot be read: not a whole number"


@pytest.mark.parametrize("nothing", [None, "", [], {}])
def test_what_holds_nothing_is_absent(nothing: object) -> None:
    assert read({"n": nothing}, name={"from": "n"}, phones={"from": "n"}) == {}


@pytest.mark.parametrize(("vendor", "count"), [(0, 0), ("0", 0)])
def test_zero_is_something(vendor: object, count: int) -> None:
    assert read({"n": vendor}, order_count={"field": "n"}) == {"order_count": count}


def test_a_value_that_cannot_be_read_leaves_its_field_out_and_nothing_else() -> None:
    assert read({"n": "many", "name": "Li"}, order_count={"field": "n"}, name={"field": "name"}) == {"name": "Li"}


def test_the_first_path_that_holds_something_wins() -> None:
    rows = {"from": ["a", "b.c", "d"]}
    assert read({"a": "", "b": {"c": "second"}, "d": "third"}, name=rows) == {"name": "second"}


def test_a_field_of_several_texts_takes_all_paths_in_order_and_each_once() -> None:
    record = {"mobile": "138", "phone": None, "others": ["010", "138", "", 95588], "deep": {"n": "139"}}
    assert read(record, phones={"from": ["mobile", "phone", "others", "deep.n"]}) == {"phones": ("138", "010", "95588", "139")}


def test_a_codec_goes_over_every_item_of_a_field_of_several_texts() -> None:
    record = {"one": " A ", "more": ["B ", " c"]}
    assert read(record, emails={"from": ["one", "more"], "as": "trim | lower"}) == {"emails": ("a", "b", "c")}


def test_lists_that_come_out_of_a_codec_are_laid_flat() -> None:
    assert read({"labels": ["a;b", "c"]}, tags={"field": "labels", "as": "split(;)"}) == {"tags": ("a", "b", "c")}


def test_an_item_that_cannot_be_read_is_left_out_of_its_list() -> None:
    assert read({"p": ["1", {"x": 1}, "2"]}, phones={"field": "p"}) == {"phones": ("1", "2")}


def test_several_texts_of_which_none_can_be_read_are_left_out_not_replaced_by_the_default() -> None:
    assert read({"p": [{"x": 1}]}, phones={"field": "p", "default": ["110"]}) == {}


def test_jmespath_and_a_codec_work_together() -> None:
    record = {"contacts": [{"t": "mail", "v": "X@Y"}, {"t": "tel", "v": "010"}]}
    assert read(record, emails={"from": "contacts[?t=='mail'].v", "as": "lower"}) == {"emails": ("x@y",)}


def test_a_default_stands_where_there_is_nothing_but_not_for_what_cannot_be_read() -> None:
    row = {"field": "g", "values": {"high_value": "A"}, "default": "regular"}
    assert (read({}, tier=row), read({"g": "Z"}, tier=row)) == ({"tier": "regular"}, {})


def test_a_row_may_be_nothing_but_a_default() -> None:
    assert read({}, country={"default": "CN"}, tags={"default": ["erp"]}) == {"country": "CN", "tags": ("erp",)}


def test_the_currency_is_found_beside_the_amount() -> None:
    record = {"t": {"a": 12.5, "c": [7, "EUR"]}}
    assert read(record, total_spent={"from": "t.a", "as": "money(t.c[1])"}) == {
        "total_spent": Money(amount=Decimal("12.5"), currency="EUR")
    }


def test_an_amount_without_its_currency_is_left_out() -> None:
    assert read({"a": "12.50"}, total_spent={"from": "a", "as": "money(cur)"}) == {}


@pytest.mark.parametrize(
    ("row", "vendor", "value"),
    [
        ({"as": "iso"}, "2026-11-22T10:00:00+08:00", datetime(2026, 11, 22, 2, tzinfo=UTC)),
        ({}, "2026-11-22T10:00:00+08:00", datetime(2026, 11, 22, 2, tzinfo=UTC)),
        ({"as": "trim"}, " 2026-11-22T10:00:00+08:00 ", datetime(2026, 11, 22, 2, tzinfo=UTC)),
        ({"as": "typed"}, "/Date(0)/", datetime(1970, 1, 1, tzinfo=UTC)),
        ({"as": "null_if(0) | epoch(s)"}, "1", datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)),
    ],
)
def test_an_instant_is_read_into_utc(row: dict[str, object], vendor: object, value: datetime) -> None:
    assert read({"t": vendor}, registered_at={"from": "t", **row}) == {"registered_at": value}


@pytest.mark.parametrize("vendor", ["2026-11-22 10:00:00", "22.11.2026", 1795312800, False])
def test_an_instant_without_its_zone_is_left_out(vendor: object) -> None:
    assert read({"t": vendor}, registered_at={"from": "t"}) == {}


@pytest.mark.parametrize(("vendor", "day"), [("2026-01-02", date(2026, 1, 2)), ("/Date(1767312000000)/", date(2026, 1, 2))])
def test_a_day_is_read(vendor: str, day: date) -> None:
    assert read({"d": vendor}, birth_date={"from": "d", "as": "typed"}) == {"birth_date": day}


def test_an_instant_that_is_not_midnight_is_no_day() -> None:
    assert read({"d": "/Date(1767312000001)/"}, birth_date={"from": "d", "as": "typed"}) == {}


@pytest.mark.parametrize(
    ("vendor", "fields"), [(True, {"do_not_call": True}), ("false", {"do_not_call": False}), (1, {}), ("Y", {})]
)
def test_yes_and_no_are_not_guessed_without_a_codec(vendor: object, fields: dict[str, bool]) -> None:
    assert read({"d": vendor}, do_not_call={"from": "d"}) == fields


def test_a_vendors_false_can_mean_nothing() -> None:
    assert read({"n": False}, name={"from": "n", "as": "null_if(false)"}, city={"from": "n"}) == {}


def test_reading_leaves_the_record_as_it_was() -> None:
    record = {"phones": ["1", "2"], "t": {"a": "1", "c": "CNY"}}
    read(record, phones={"field": "phones"}, total_spent={"field": "t.a", "as": "money(t.c)"})
    assert record == {"phones": ["1", "2"], "t": {"a": "1", "c": "CNY"}}


def test_what_is_read_builds_the_canonical_model_as_it_stands() -> None:
    record = {"id": 9, "n": "Li", "p": "138", "g": "A", "b": "1990-01-02", "t": "2026-11-22T02:00:00Z", "s": "1.50", "c": 3}
    rows = {
        "name": {"field": "n"},
        "phones": {"field": "p"},
        "tier": {"field": "g", "values": {"high_value": "A"}},
        "birth_date": {"field": "b"},
        "updated_at": {"field": "t"},
        "total_spent": {"field": "s", "as": "money(CNY)"},
        "order_count": {"field": "c"},
    }
    fields = compile_rows(rows, kind="customer", source=RowSource("test")).read(record)
    reference = ExternalRef(connection="crm", id=fields.pop("id"))
    customer = Customer(ref=reference, **fields)
    assert (str(customer.ref), {name: getattr(customer, name) for name in fields}) == ("crm:9", fields)
