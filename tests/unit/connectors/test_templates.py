from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tieline.connectors.language.references import references
from tieline.connectors.language.templates import InputMissing, compile_tree
from tieline.connectors.language.writing import as_text, json_bytes
from tieline.domain.errors import VendorMisconfigured
from tieline.domain.phone import PhoneNumber

CONFIG = {"base_url": "https://x", "port": 8443, "flag": True, "unset": None}
CALLER = PhoneNumber(raw="+86 138 0013 8000", e164="+8613800138000", national="138 0013 8000", country="CN")
SERVICE = PhoneNumber(raw="95588", national="95588", country="CN")


def render(tree: object, record: object = None, **inputs: object) -> object:
    return compile_tree(tree, CONFIG).render({"in": inputs, "record": record})


@pytest.mark.parametrize(
    ("part", "written"),
    [
        ("e164", "+8613800138000"),
        ("national", "13800138000"),
        ("digits", "8613800138000"),
        ("raw", "+86 138 0013 8000"),
        ("country", "CN"),
    ],
)
def test_a_number_is_written_as_the_vendor_wants_it(part: str, written: str) -> None:
    assert render(f"$in.phone.{part}", phone=CALLER) == written


def test_a_form_the_number_does_not_have_is_told_apart_from_no_number() -> None:
    with pytest.raises(InputMissing) as unwritable:
        render("$in.phone.e164", phone=SERVICE)
    with pytest.raises(InputMissing) as absent:
        render("$in.phone.e164")
    assert (unwritable.value.unwritable, absent.value.unwritable) == (True, False)


@pytest.mark.parametrize(
    ("tree", "rendered"),
    [
        ("plain", "plain"),
        ("$config.port", 8443),
        ("port ${config.port}", "port 8443"),
        ("$$5", "$5"),
        ("a $${b}", "a ${b}"),
        ("costs $5", "costs $5"),
        ({"a": "$config.unset", "b": 1}, {"b": 1}),
        ({"a": "x ${config.unset}"}, {}),
        ({"a": None}, {"a": None}),
        (["$config.unset", "$config.port", None], [8443, None]),
        ({"a": {"b": ["$config.flag"]}}, {"a": {"b": [True]}}),
    ],
)
def test_constants_are_folded_and_what_is_not_set_is_left_out(tree: object, rendered: object) -> None:
    compiled = compile_tree(tree, CONFIG)
    assert (compiled.constant, compiled.render({})) == (True, rendered)


def test_a_reference_alone_keeps_its_type_and_inside_text_becomes_text() -> None:
    assert render({"n": "$record.n", "t": "no ${record.n}"}, record={"n": 7}) == {"n": 7, "t": "no 7"}


def test_an_optional_input_leaves_its_leaf_out() -> None:
    tree = {"cursor": "$in.cursor?", "number": "$in.number"}
    assert render(tree, number="SO-1") == {"number": "SO-1"}
    assert render(tree, number="SO-1", cursor="c") == {"cursor": "c", "number": "SO-1"}


def test_an_input_that_is_needed_is_missed() -> None:
    with pytest.raises(InputMissing, match="number"):
        render({"number": "$in.number"})


def test_a_whole_record_goes_through_untouched() -> None:
    record = {"a": None, "b": [1, {"c": ""}]}
    assert render("$record", record=record) == record


@pytest.mark.parametrize(
    ("tree", "rendered"),
    [
        ({"$int": "$in.number"}, 42),
        ({"$text": "$config.port"}, "8443"),
        ({"$json": {"a": "$in.number", "张": [1]}}, '{"a":"42","张":[1]}'),
        ({"$base64": "id:${in.number}"}, "aWQ6NDI="),
        ({"$base64url_json": [["id", "=", "$in.number"]]}, "W1siaWQiLCI9IiwiNDIiXV0="),
        ({"$first": ["$config.unset", "$in.customer_id", "$in.number"]}, "42"),
    ],
)
def test_casts(tree: object, rendered: object) -> None:
    assert render(tree, number="42") == rendered


def test_the_first_of_several_misses_what_the_last_missed() -> None:
    with pytest.raises(InputMissing):
        render({"$first": ["$in.phone.e164", "$in.phone.extension"]}, phone=SERVICE)


def test_a_cast_that_cannot_be_done_means_there_is_nothing_to_ask() -> None:
    with pytest.raises(InputMissing) as caught:
        render({"$int": "$in.customer_id"}, customer_id="C-7")
    assert caught.value.unwritable


@pytest.mark.parametrize(
    ("value", "text"),
    [("+86138", "+86138"), (True, "true"), (0, "0"), (1.5, "1.5"), (Decimal("12.50"), "12.50"), (date(2026, 1, 2), "2026-01-02")],
)
def test_scalars_are_written_as_text(value: object, text: str) -> None:
    assert as_text(value) == text


@pytest.mark.parametrize("value", [[1], {"a": 1}, None, b"x"])
def test_what_is_no_scalar_is_refused(value: object) -> None:
    with pytest.raises(VendorMisconfigured):
        as_text(value)


@given(st.text(max_size=60).filter(lambda text: "$" not in text))
def test_text_without_a_dollar_is_never_changed(text: str) -> None:
    assert render({"a": text, "b": [text]}) == {"a": text, "b": [text]}


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_what_an_input_holds_is_never_read_as_a_template(value: object) -> None:
    assert render({"a": "$record.v"}, record={"v": value}) == ({} if value is None else {"a": value})


@pytest.mark.parametrize("value", ["${config.base_url}", "$config.base_url", "$$", "{$int: 5}"])
def test_references_inside_inputs_stay_text(value: str) -> None:
    assert render({"a": "x ${in.number}", "b": "$in.number"}, number=value) == {"a": f"x {value}", "b": value}


@pytest.mark.parametrize("text", ["$in.", "$in..x", "$In.x", "$in.x y", "${in.x", "${}", "${in.x }", "$in.phone.e164??"])
def test_malformed_references_are_found(text: str) -> None:
    assert any(isinstance(found, ValueError) for _, found in references({"a": [text]}))


def test_an_unknown_cast_is_found_with_its_place() -> None:
    ((place, found),) = references({"a": [{"$eval": "1"}]})
    assert (place, isinstance(found, ValueError)) == (("a", 0), True)


def test_integers_beyond_64_bits_are_written_whole() -> None:
    assert json_bytes({"id": 10**30}) == b'{"id":1000000000000000000000000000000}'
