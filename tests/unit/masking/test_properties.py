"""What holds for every mask and any value: it never raises, twice is once, and enough stays hidden."""

import re
from typing import get_args

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from tieline.domain.masking import MASKS, MaskKind, MaskLevel, mask

KINDS = st.sampled_from(sorted(MASKS))
LEVELS = st.sampled_from(["agent", "strict"])
HARD = st.text(alphabet="0123456789*+-. @·张欧阳三市区省路xX转…ab()（ ：电话零一三八", max_size=40)
DIGITS = st.text(alphabet="0123456789", min_size=1, max_size=24)


def test_every_kind_has_both_levels() -> None:
    assert sorted(MASKS) == sorted(get_args(MaskKind))
    assert all(sorted(levels) == ["agent", "strict"] for levels in MASKS.values())


@given(KINDS, LEVELS, st.text(max_size=200) | HARD)
@example("name", "agent", "ŉ Ǆ")
@example("email", "agent", "ａ＠ｂ.com")
@example("ip", "agent", "::ffff:1.2.3.4/0")
@example("text", "agent", "0755 2345 13800138000")
def test_masking_never_raises_and_twice_is_once(kind: MaskKind, level: MaskLevel, value: str) -> None:
    once = mask(value, kind, level=level)

    assert mask(once, kind, level=level) == once


@pytest.mark.parametrize("kind", ["phone", "id_card", "id_last_four", "passport", "bank_card", "tax_id", "postal_code"])
@given(level=LEVELS, digits=DIGITS)
def test_four_digits_are_hidden_or_all_of_them(kind: MaskKind, level: MaskLevel, digits: str) -> None:
    masked = mask(digits, kind, level=level)
    shown = len(re.findall(r"\d", masked))

    assert shown == 0 or len(digits) - shown >= 4


@given(LEVELS, st.from_regex(r"\+?[1-9]\d{6,14}", fullmatch=True))
def test_a_phone_number_never_shows_more_than_area_and_last_four(level: MaskLevel, number: str) -> None:
    masked = mask(number, "phone", level=level)

    assert len(re.search(r"\d*$", masked).group()) <= 4  # type: ignore[union-attr]  # an empty match is a match
    assert masked.count("*") >= 4


@given(st.from_regex(r"1[3-9]\d{9}", fullmatch=True), st.from_regex(r"\d{4}", fullmatch=True))
def test_ten_thousand_numbers_share_each_mobile_mask(mobile: str, other: str) -> None:
    assert mask(mobile, "phone") == mask(mobile[:3] + other + mobile[7:], "phone")


@given(st.from_regex(r"[一-龥]{2,4}", fullmatch=True), st.from_regex(r"[一-龥]", fullmatch=True))
def test_a_given_name_leaves_no_trace(name: str, other: str) -> None:
    assume(name[1:2] != other)
    masked = mask(name, "name")

    assert len(masked.rstrip("*")) <= 2
    assert name[-1] not in masked.removeprefix(name[:1]) or name[:1] == name[-1] or len(name) == 2


@given(st.from_regex(r"[a-z]{2,20}", fullmatch=True), st.from_regex(r"[a-z]{1,20}", fullmatch=True))
def test_a_local_part_shows_its_first_letter_and_not_its_length(local: str, other: str) -> None:
    assert mask(f"{local}@example.com", "email") == mask(f"{local[0]}{other}@example.com", "email")


@given(st.text(max_size=60), LEVELS)
def test_an_identity_number_in_any_disguise_is_never_whole(around: str, level: MaskLevel) -> None:
    assume(not re.search(r"\d", around))

    assert "19900307" not in mask(f"110101 1990 0307 1234{around}", "id_card", level=level)
