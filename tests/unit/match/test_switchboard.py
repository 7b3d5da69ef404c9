"""Company switchboards and direct-dial ranges (rule book 4.4)."""

from datetime import UTC, datetime

import pytest

from tieline.domain.customer import Customer
from tieline.domain.dial_plan import DialPlan
from tieline.domain.line import Line
from tieline.domain.match import judge
from tieline.domain.match_carry import really_has
from tieline.domain.match_context import MatchContext
from tieline.domain.match_switchboard import switchboard_keys
from tieline.domain.people import group
from tieline.domain.phone_normalise import normalise
from tieline.domain.phone_range import read_range
from tieline.domain.phone_written import numbers_written_in
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


BLOCKS = ["+86 10 6554 3800-3899", "010-6554 3800~3899", "(010) 6554 3800 至 3899", "010 6554 3800 – 3899"]


@pytest.mark.parametrize("written", BLOCKS)
def test_a_company_has_every_number_of_its_block(written: str) -> None:
    acme = Customer(ref=ExternalRef.parse("crm:acme"), kind="organization", phones=(written,))

    inside, outside = (normalise(number, line=BEIJING) for number in ("+861065543833", "+861065543900"))

    assert really_has(acme, inside, line=BEIJING)
    assert not really_has(acme, outside, line=BEIJING)


def test_a_caller_from_the_block_opens_the_company_and_nobody_in_it() -> None:
    acme = Customer(ref=ExternalRef.parse("crm:acme"), name="云帆科技", kind="organization", phones=(BLOCKS[0],))
    context = MatchContext(line=BEIJING, now=datetime(2026, 11, 22, tzinfo=UTC))

    verdict = judge(normalise("+861065543833", line=BEIJING), group([acme]), context=context)

    assert (verdict.match.state, verdict.match.rule, verdict.match.confidence) == ("maybe", "company", 0.5)
    assert verdict.chosen is not None
    assert verdict.chosen.ref == "crm:acme"


def test_a_persons_field_is_never_a_block() -> None:
    someone = Customer(ref=ExternalRef.parse("crm:1"), phones=(BLOCKS[0],))

    assert not really_has(someone, normalise("+861065543833", line=BEIJING), line=BEIJING)


@pytest.mark.parametrize("written", BLOCKS)
def test_of_a_block_the_index_keeps_the_round_number(written: str) -> None:
    (head_office,) = numbers_written_in(written, line=BEIJING)

    assert (head_office.e164, head_office.extension) == ("+861065543800", None)


@pytest.mark.parametrize(
    "written", ["010-65543800-3899", "010-65543800", "6554-3800", "+65 6123-6567", "010 6554 3899-3800", "", "x"]
)
def test_numbers_with_dashes_are_no_blocks(written: str) -> None:
    assert read_range(written, DialPlan.of(BEIJING)) is None
