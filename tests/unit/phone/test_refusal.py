"""What is no number is refused with one code; anything else never raises (bad input B61, B63)."""

import contextlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tieline.domain.errors import RequestRefused
from tieline.domain.line import Line
from tieline.domain.phone import PhoneNumber
from tieline.domain.phone_normalise import equal, last8, normalise
from tieline.domain.phone_written import numbers_written_in

LINE = Line(number="+861065543800", name="Support", area_code="010", outside_prefixes=("9", "0"))
ELSEWHERE = Line(number="+12125550100", name="Support", country="US")


@pytest.mark.parametrize(
    "written", ["abc", "alice", "sip:alice@acme.cn", "1380013800O", "张三", "138xxxx8000", "1" * 33, "+" + "9" * 40]
)
def test_letters_and_more_than_32_digits_are_refused(written: str) -> None:
    with pytest.raises(RequestRefused) as caught:
        normalise(written, line=LINE)

    assert (caught.value.code, caught.value.http_status) == ("phone_invalid", 422)
    assert written not in str(caught.value)


@pytest.mark.parametrize("length", range(1, 33))
def test_one_to_32_digits_are_always_answered(length: int) -> None:
    phone = normalise("7" * length, line=ELSEWHERE)

    assert phone.raw == "7" * length


def test_an_unknown_country_on_the_line_still_reads_international_numbers() -> None:
    nowhere = Line(number="+861065543800", name="Support", country="XX")

    assert normalise("+8613800138000", line=nowhere).e164 == "+8613800138000"
    assert normalise("13800138000", line=nowhere).e164 is None


@given(st.text(max_size=600))
@example("\u0661" * 11)
@example("%2B%zz@\x00")
@example("+" * 100 + "1" * 20)
@example("x" + " " * 450 + "1")
def test_any_text_is_a_number_or_refused(written: str) -> None:
    assert_sound_or_refused(written, line=LINE)
    for found in numbers_written_in(written, line=LINE):
        assert_sound(found)


@given(st.text(alphabet="0123456789+-()x#,;* ;ext=转.", max_size=40))
def test_any_mixture_of_the_signs_numbers_are_made_of_is_sound(written: str) -> None:
    assert_sound_or_refused(written, line=LINE)
    assert_sound_or_refused(written, line=ELSEWHERE)


@given(
    st.from_regex(r"1[3-9]\d{9}", fullmatch=True),
    st.sampled_from(["", "0", "86", "+86", "0086", "+86 ", "86-", "+8686", "008686"]),
)
def test_every_chinese_mobile_number_has_one_key_in_every_form(mobile: str, prefix: str) -> None:
    assert normalise(prefix + mobile, line=LINE).key == normalise(f"+86{mobile}", line=LINE).key


def assert_sound_or_refused(written: str, *, line: Line) -> None:
    with contextlib.suppress(RequestRefused):
        assert_sound(normalise(written, line=line))


def assert_sound(phone: PhoneNumber) -> None:
    if phone.e164 is not None:
        assert phone.e164[0] == "+"
        assert phone.e164[1:].isdigit()
        assert 3 <= len(phone.e164) <= 18
        assert normalise(phone.e164, line=LINE).key == phone.e164
    assert equal(phone, phone) is (phone.key is not None or phone.e164 is not None)
    assert last8(phone) is None or len(last8(phone) or "") == 8
