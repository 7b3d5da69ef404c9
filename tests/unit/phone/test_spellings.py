"""Every spelling of a number leads to one key (rule book 4.1, steps 1 to 4; bad input B62)."""

import pytest

from tieline.domain.line import Line
from tieline.domain.phone_normalise import normalise

BEIJING = Line(number="+861065543800", name="Support", country="CN", area_code="010")
BEHIND_A_PBX = Line(number="+861065543800", name="Support", country="CN", outside_prefixes=("9", "0"))
NEW_YORK = Line(number="+12125550100", name="Support", country="US", area_code="212", outside_prefixes=("9",))
BERLIN = Line(number="+493012345", name="Support", country="DE")
LONDON = Line(number="+442079460000", name="Support", country="GB")
ROME = Line(number="+390612345678", name="Support", country="IT")

MOBILE = "+8613800138000"
HEAD_OFFICE = "+861065543800"


@pytest.mark.parametrize(
    "written",
    [
        "+8613800138000",
        "008613800138000",
        "86-138-0013-8000",
        "8613800138000",
        "013800138000",
        "13800138000",
        "138 0013 8000",
        "138.0013.8000",
        "138/0013/8000",
        "(138)0013-8000",
        "（138）0013－8000",
        "138‐0013‑8000",
        "138–0013—8000",
        "13800138000 ",
        "\t13800138000\r\n",
        "１３８００１３８０００",
        "＋８６１３８００１３８０００",
        "١٣٨٠٠١٣٨٠٠٠",
        "۱۳۸۰۰۱۳۸۰۰۰",
        "१३८००१३८०००",
        "138\u200b0013\u200d8000",
        "\u202a+86 138 0013 8000\u202c",
        "\ufeff13800138000",
        "138\u00a00013\u00a08000",
        "tel:+8613800138000",
        "tel:+86-138-0013-8000",
        "tel:13800138000;phone-context=+86",
        "TEL:13800138000;phone-context=acme.cn",
        "sip:13800138000@gw",
        "sip:+8613800138000@10.0.0.1:5060;transport=udp",
        "sips:13800138000:secret@gw.acme.cn",
        "sip:%2B8613800138000@gw",
        "13800138000@10.0.0.1",
        '"Li Wei" <sip:+8613800138000@10.0.0.1;user=phone>;tag=8f3a',
        "Li Wei <13800138000>",
        '"138" 13800138000',
        "+8613800138000;npdi;rn=+8613800",
        "(+86)13800138000",
        "00 (86) 138 0013 8000",
        "+86 (0)138 0013 8000",
        "+868613800138000",
        "8686 138 0013 8000",
        "0086 86 138 0013 8000",
        "+86 0086 138 0013 8000",
        "+008613800138000",
        "+13800138000",
        "+013800138000",
        "1795113800138000",
        "17951013800138000",
        "1259313800138000",
        "📞 13800138000",
    ],
)
def test_a_chinese_mobile_number_has_one_key(written: str) -> None:
    phone = normalise(written, line=BEIJING)

    assert (phone.e164, phone.kind, phone.country, phone.valid, phone.extension) == (MOBILE, "mobile", "CN", True, None)


@pytest.mark.parametrize("written", ["13800138000", "913800138000", "0013800138000", "9008613800138000", "98613800138000"])
def test_the_outside_line_digit_of_a_line_is_taken_off(written: str) -> None:
    assert normalise(written, line=BEHIND_A_PBX).e164 == MOBILE


@pytest.mark.parametrize(
    "written", ["010-65543800", "(010) 6554 3800", "01065543800", "65543800", "+86 10 6554 3800", "008601065543800", "1065543800"]
)
def test_a_landline_keeps_its_area_code_however_it_is_written(written: str) -> None:
    phone = normalise(written, line=BEIJING)

    assert (phone.e164, phone.kind, phone.national_digits) == (HEAD_OFFICE, "landline", "01065543800")


def test_a_local_number_without_the_lines_area_code_has_no_e164() -> None:
    phone = normalise("65543800", line=BEHIND_A_PBX)

    assert (phone.e164, phone.valid, phone.raw, phone.key) == (None, False, "65543800", "65543800")


@pytest.mark.parametrize(
    ("line", "written", "e164"),
    [
        pytest.param(NEW_YORK, "(212) 555-0123", "+12125550123", id="us national"),
        pytest.param(NEW_YORK, "1-212-555-0123", "+12125550123", id="us with trunk 1"),
        pytest.param(NEW_YORK, "5550123", "+12125550123", id="us local with the line's area code"),
        pytest.param(NEW_YORK, "9195551234", "+19195551234", id="us area code that begins like the outside digit"),
        pytest.param(NEW_YORK, "912125550123", "+12125550123", id="us outside digit"),
        pytest.param(NEW_YORK, "011 44 20 7946 0123", "+442079460123", id="us exit code"),
        pytest.param(NEW_YORK, "0044 20 7946 0123", "+442079460123", id="us line, 00 all the same"),
        pytest.param(BERLIN, "030 609854180", "+4930609854180", id="de national"),
        pytest.param(BERLIN, "4930609854180", "+4930609854180", id="de without plus"),
        pytest.param(BERLIN, "089/123456-12", "+498912345612", id="de direct dial is no extension"),
        pytest.param(BERLIN, "0171 1234567", "+491711234567", id="de mobile"),
        pytest.param(LONDON, "020 7946 0123", "+442079460123", id="gb national"),
        pytest.param(LONDON, "+44 (0)20 7946 0123", "+442079460123", id="gb with (0)"),
        pytest.param(LONDON, "07911 123456", "+447911123456", id="gb mobile"),
        pytest.param(ROME, "06 1234 5678", "+390612345678", id="it keeps its zero"),
        pytest.param(ROME, "+39 06 1234 5678", "+390612345678", id="it international keeps its zero"),
        pytest.param(BEIJING, "+33 6 12 34 56 78", "+33612345678", id="fr"),
        pytest.param(BEIJING, "0081-3-1234-5678", "+81312345678", id="jp"),
        pytest.param(BEIJING, "+82 2-312-3456", "+8223123456", id="kr"),
        pytest.param(BEIJING, "+852 9123 4567", "+85291234567", id="hk"),
        pytest.param(BEIJING, "+853 6612 3456", "+85366123456", id="mo"),
        pytest.param(BEIJING, "+886 912 345 678", "+886912345678", id="tw"),
        pytest.param(BEIJING, "+65 8123 4567", "+6581234567", id="sg"),
        pytest.param(BEIJING, "+7 495 123-45-67", "+74951234567", id="ru"),
        pytest.param(BEIJING, "+971 50 123 4567", "+971501234567", id="ae"),
        pytest.param(BEIJING, "+91 98765 43210", "+919876543210", id="in"),
        pytest.param(BEIJING, "+61 412 345 678", "+61412345678", id="au"),
        pytest.param(BEIJING, "+54 9 11 2345-6789", "+5491123456789", id="ar mobile"),
        pytest.param(BEIJING, "+234 802 123 4567", "+2348021234567", id="ng"),
        pytest.param(BEIJING, "447911123456", "+447911123456", id="foreign number without plus"),
    ],
)
def test_each_countrys_numbers_are_read_by_the_called_line(line: Line, written: str, e164: str) -> None:
    phone = normalise(written, line=line)

    assert (phone.e164, phone.valid) == (e164, True)


def test_the_same_digits_mean_different_numbers_on_lines_of_different_countries() -> None:
    assert normalise("2079460123", line=LONDON).e164 == "+442079460123"
    assert normalise("2079460123", line=NEW_YORK).e164 == "+12079460123"


@pytest.mark.parametrize(
    ("written", "assumed"),
    [
        ("+8613800138000", False),
        ("008613800138000", False),
        ("8613800138000", False),
        ("13800138000", True),
        ("013800138000", True),
        ("+13800138000", True),
        ("447911123456", True),
    ],
)
def test_it_is_told_whether_the_country_was_written_or_taken_from_the_line(written: str, assumed: bool) -> None:  # noqa: FBT001 - a table column
    assert normalise(written, line=BEIJING).assumed_country is assumed


@pytest.mark.parametrize(
    ("former", "present"),
    [
        ("+5215512345678", "+525512345678"),
        ("+551181234567", "+5511981234567"),
        ("+841621234567", "+84321234567"),
        ("+841231234567", "+84831234567"),
        ("+22990123456", "+2290190123456"),
    ],
)
def test_a_number_from_before_a_renumbering_becomes_the_present_one(former: str, present: str) -> None:
    phone = normalise(former, line=BEIJING)

    assert (phone.e164, phone.valid) == (present, True)


def test_a_number_of_possible_length_in_no_assigned_range_keeps_its_e164_form() -> None:
    phone = normalise("+861300013800011", line=BEIJING)
    newer = normalise("+8614012000000", line=BEIJING)

    assert (phone.e164, phone.valid, phone.key) == (None, False, "861300013800011")
    assert (newer.e164, newer.valid, newer.kind) == ("+8614012000000", False, "unknown")


def test_eleven_digits_from_13_to_19_are_chinese_on_a_chinese_line_even_if_the_range_is_new() -> None:
    assert [normalise(written, line=BEIJING).e164 for written in ("14012000000", "014012000000", "8614012000000")] == [
        "+8614012000000"
    ] * 3
    assert normalise("+14012000000", line=BEIJING).e164 == "+14012000000"
