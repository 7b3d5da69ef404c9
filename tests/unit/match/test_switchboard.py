"""Company switchboards and direct-dial ranges (rule book 4.4)."""

import pytest

from tieline.domain.customer import Customer
from tieline.domain.line import Line
from tieline.domain.match_switchboard import has_in_range, read_range, switchboard_keys
from tieline.domain.phone_normalise import normalise
from tieline.domain.references import ExternalRef

BEIJING = Line(number="+861065543800", name="Support", area_code="010")
BERLIN = Line(number="+493012345", name="Support", country="DE")
NEW_YORK = Line(number="+12125550100", name="Support", country="US")


def test_up_to_four_digits_are_cut_from_the_right() -> None:
    keys = switchboard_keys(normalise("+861065543833", line=BEIJING), line=BEIJING)

    assert keys[:2] == ("+861065543830", "+86106554383")
    assert {"+861065543800", "+861065543000", "+861065540000", "+8610655438"} <= set(keys)
    assert min(len(key) for key in keys) == len("+861065543833") - 4


def test_a_german_stem_with_and_without_the_operators_zero_is_among_them() -> None:
    keys = switchboard_keys(normalise("089 1234-567", line=BERLIN), line=BERLIN)

    assert {"+49891234", "+498912340"} <= set(keys)


@pytest.mark.parametrize(
    ("written", "line"),
    [
        pytest.param("+1 212 555 0123", BEIJING, id="never +1"),
        pytest.param("(212) 555-0123", NEW_YORK, id="never +1 at home"),
        pytest.param("+8613800138000", BEIJING, id="no mobile"),
        pytest.param("95588", BEIJING, id="no service number"),
        pytest.param("anonymous", BEIJING, id="no withheld number"),
        pytest.param("+861065543833", BEIJING.model_copy(update={"direct_dial": False}), id="switched off for the line"),
    ],
)
def test_what_is_never_truncated(written: str, line: Line) -> None:
    assert switchboard_keys(normalise(written, line=line), line=line) == ()


def test_a_short_number_is_not_cut_down_to_a_whole_town() -> None:
    assert all(len(key) >= 9 for key in switchboard_keys(normalise("+49 30 12345", line=BERLIN), line=BERLIN))


@pytest.mark.parametrize(
    "written", ["+86 10 6554 3800-3899", "010-6554 3800~3899", "(010) 6554 3800 至 3899", "010 6554 3800 – 3899"]
)
def test_a_stored_range_holds_its_numbers(written: str) -> None:
    acme = Customer(ref=ExternalRef.parse("crm:acme"), kind="organization", phones=(written,))

    inside, outside = (normalise(number, line=BEIJING) for number in ("+861065543833", "+861065543900"))

    assert has_in_range(acme, inside, line=BEIJING)
    assert not has_in_range(acme, outside, line=BEIJING)


def test_a_persons_field_is_never_a_range() -> None:
    someone = Customer(ref=ExternalRef.parse("crm:1"), phones=("+86 10 6554 3800-3899",))

    assert not has_in_range(someone, normalise("+861065543833", line=BEIJING), line=BEIJING)


@pytest.mark.parametrize("written", ["010-65543800-3899", "010-65543800", "6554-3800", "+65 6123-6567", "3899-3800", "", "x"])
def test_numbers_with_dashes_are_no_ranges(written: str) -> None:
    assert read_range(written, line=BEIJING) is None
