"""Withheld numbers: recognised in every spelling, never looked up, never carried along (rule book 4.2; bad input B61)."""

import pytest

from tieline.domain.line import Line
from tieline.domain.phone_normalise import normalise
from tieline.domain.withheld import WITHHELD_TOKENS, withheld_tokens

LINE = Line(number="+861065543800", name="Support")


@pytest.mark.parametrize(
    "written",
    [
        None,
        "",
        "   ",
        "-",
        "+",
        "()",
        "anonymous",
        "ANONYMOUS",
        "Anonymous",
        "restricted",
        "Private",
        "Private Number",
        "withheld",
        "unavailable",
        "Not available",
        "unknown",
        "<unknown>",
        "blocked",
        "asterisk",
        "ａｎｏｎｙｍｏｕｓ",
        "ano\u200bnymous",
        "匿名",
        "未知号码",
        "0",
        "0000000000",
        "+000000000",
        "sip:anonymous@anonymous.invalid",
        '"Anonymous" <sip:anonymous@anonymous.invalid>;tag=1',
        "sip:c8oqz84zk7z@anonymous.invalid",
        "sip:unavailable@10.0.0.1",
        "Privacy: id",
        "privacy=id",
        "<sip:+8613800138000@gw>;privacy=full",
        "266696687",
        "+266696687",
        "+1266696687",
        "7378742833",
        "+7378742833",
        "+17378742833",
        "86282452253",
        "+86282452253",
        "+186282452253",
        "2562533",
        "+2562533",
        "+12562533",
        "8656696",
        "+8656696",
        "sip:+18656696@gw",
        "138****8000",
    ],
)
def test_it_is_withheld_and_there_is_nothing_to_look_up(written: str | None) -> None:
    phone = normalise(written, line=LINE)

    assert (phone.withheld, phone.e164, phone.national, phone.key) == (True, None, None, None)


def test_the_number_behind_a_privacy_mark_is_nowhere_in_the_result() -> None:
    assert "13800138000" not in repr(normalise("<sip:+8613800138000@gw>;privacy=id", line=LINE))


@pytest.mark.parametrize(
    "written",
    ["<sip:+8613800138000@gw>;privacy=none", "<sip:+8613800138000@gw>;privacy=off", '"Unknown" <13800138000>', "13800138000"],
)
def test_a_number_that_is_shown_is_not_withheld(written: str) -> None:
    assert normalise(written, line=LINE).e164 == "+8613800138000"


def test_the_list_can_be_edited() -> None:
    own = WITHHELD_TOKENS | withheld_tokens(["Nummer unterdrückt", "1234567890"])

    assert normalise("nummer-unterdrückt", line=LINE, withheld=own).withheld
    assert normalise("+11234567890", line=LINE, withheld=own).withheld
    assert not normalise("266696687", line=LINE, withheld=frozenset()).withheld
