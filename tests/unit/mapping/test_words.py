"""`values`: our words for theirs, in both directions and for any other."""

from typing import Any

import pytest

from tieline.domain.errors import MappingInvalid
from tieline.mapping.compile import compile_rows
from tieline.mapping.record import RecordMapping
from tieline.mapping.source import RowSource


def mapping(kind: str = "ticket", **rows: object) -> RecordMapping:
    return compile_rows(rows, kind=kind, source=RowSource("test"))


def reads(vendor: object, kind: str = "ticket", **rows: object) -> Any:  # noqa: ANN401 - whatever the field holds
    (name,) = rows
    return mapping(kind, **rows).read({"id": "1", "s": vendor}).get(name)


def writes(value: object, kind: str = "ticket", **rows: object) -> Any:  # noqa: ANN401 - whatever the vendor holds
    (name,) = rows
    return mapping(kind, **rows).write({name: value}, current={}, is_new=False)["s"]


@pytest.mark.parametrize(("vendor", "ours"), [("1", "new"), (1, "new"), ("9", "closed"), (10, "closed"), ("3", None)])
def test_a_row_that_writes_is_read_backwards(vendor: object, ours: str | None) -> None:
    assert reads(vendor, status={"field": "s", "values": {"new": "1", "closed": ["9", "10"]}}) == ours


def test_the_first_of_several_words_is_written() -> None:
    assert writes("closed", status={"field": "s", "values": {"new": "1", "closed": ["9", "10"]}}) == "9"


@pytest.mark.parametrize("word", [9, "9", True])
def test_a_word_is_written_with_the_type_it_has_in_the_file(word: object) -> None:
    written = writes("closed", status={"field": "s", "values": {"closed": word}})
    assert (written, type(written)) == (word, type(word))


@pytest.mark.parametrize(("vendor", "ours"), [("Gold", "high_value"), ("Tin", "regular"), (5, "regular"), ("", None)])
def test_a_row_that_only_reads_goes_from_their_word_to_ours(vendor: object, ours: str | None) -> None:
    assert reads(vendor, "customer", tier={"from": "s", "values": {"Gold": "high_value", "*": "regular"}}) == ours


@pytest.mark.parametrize(("vendor", "ours"), [("2", "open"), ("77", "open"), ("1", "new")])
def test_an_asterisk_among_their_words_is_any_other_of_theirs(vendor: str, ours: str) -> None:
    assert reads(vendor, status={"field": "s", "values": {"new": "1", "open": ["2", "*"]}}) == ours


@pytest.mark.parametrize(("vendor", "ours"), [("regular", "regular"), ("VIP", None), (7, None)])
def test_without_values_only_our_own_words_are_taken(vendor: object, ours: str | None) -> None:
    assert reads(vendor, "customer", tier={"from": "s"}) == ours


@pytest.mark.parametrize("ours", [["SF Express", "SF"], "*"])
def test_a_row_that_only_reads_has_one_word_of_ours_for_each_of_theirs(ours: object) -> None:
    with pytest.raises(MappingInvalid, match="their word: our word"):
        mapping("order", carrier={"from": "s", "values": {"SF": ours}})


def test_an_asterisk_in_place_of_our_word_is_any_other_of_ours() -> None:
    row = {"field": "s", "values": {"closed": "9", "*": "1"}}
    assert (writes("closed", status=row), writes("open", status=row), reads("1", status=row)) == ("9", "1", None)


def test_our_word_without_one_of_theirs_is_refused_in_writing_not_dropped() -> None:
    with pytest.raises(MappingInvalid) as caught:
        writes("resolved", status={"field": "s", "values": {"new": "1", "open": "*"}})
    assert (caught.value.code, caught.value.where) == ("value_unwritable", "test, row ticket.status")


def test_a_word_that_is_only_read_as_any_other_cannot_be_written() -> None:
    with pytest.raises(MappingInvalid):
        writes("open", status={"field": "s", "values": {"new": "1", "open": "*"}})


def test_a_row_that_only_writes_may_send_one_word_for_several_of_ours() -> None:
    row = {"to": "s", "values": {"new": "open", "open": "open", "closed": "done"}}
    assert (writes("new", status=row), writes("open", status=row)) == ("open", "open")


@pytest.mark.parametrize(("vendor", "ours"), [(True, "organization"), (False, "person"), ("true", "organization")])
def test_yes_and_no_can_stand_for_words(vendor: object, ours: str) -> None:
    rows = {"kind": {"field": "s", "values": {"organization": True, "person": False}}}
    found = compile_rows(rows, kind="customer", source=RowSource("test")).read({"id": "1", "s": vendor})
    assert found["kind"] == ours


def test_words_can_stand_for_yes_and_no() -> None:
    row = {"field": "s", "values": {"true": "BLOCKED", "false": ["FREE", "*"]}}
    assert [reads(word, "customer", do_not_call=row) for word in ("BLOCKED", "FREE", "NEW")] == [True, False, False]
    assert writes(value=True, kind="customer", do_not_call=row) == "BLOCKED"


def test_the_codec_comes_between_the_vendor_and_the_words() -> None:
    row = {"field": "s", "as": "int", "values": {"new": 1, "closed": 9}}
    assert (reads("0009", status=row), writes("closed", status=row)) == ("closed", 9)


def test_each_of_several_texts_is_translated_and_unknown_ones_are_left_out() -> None:
    row = {"field": "s", "as": "split(;)", "values": {"vip": "V", "老年用户": "O"}}
    assert (reads("V;X;O", "customer", tags=row), writes(["老年用户", "vip"], "customer", tags=row)) == (
        ("vip", "老年用户"),
        "O;V",
    )


FEWER = {"field": "s", "values": {"closed": "Closed", "cancelled": {"to": "Closed"}, "new": "Open", "reopened": {"to": "Open"}}}


@pytest.mark.parametrize(("ours", "theirs"), [("closed", "Closed"), ("cancelled", "Closed"), ("reopened", "Open")])
def test_a_system_with_fewer_words_is_written_several_of_ours_as_one(ours: str, theirs: str) -> None:
    assert writes(ours, status=FEWER) == theirs


def test_what_is_only_written_is_not_read() -> None:
    assert (reads("Closed", status=FEWER), reads("Open", status=FEWER)) == ("closed", "new")


def test_a_row_that_only_reads_has_no_use_for_a_word_only_written() -> None:
    with pytest.raises(MappingInvalid, match="writes nothing"):
        mapping(status={"from": "s", "values": {"Closed": {"to": "closed"}}})


def test_a_word_may_stand_for_a_number() -> None:
    assert reads("good", kind="feedback", score={"from": "s", "values": {"good": "5", "bad": 1}}) == 5
    with pytest.raises(MappingInvalid, match="their word: our word"):
        mapping("feedback", score={"from": "s", "values": {"good": "five"}})
