"""Service numbers, extensions and the house's own numbers (rule book 4.1 step 3, 4.3 last line, 4.6; bad input B63)."""

import pytest

from tieline.domain.agent import Agent
from tieline.domain.line import Line
from tieline.domain.phone_internal import InternalNumbers
from tieline.domain.phone_normalise import equal, last8, normalise

LINE = Line(number="+861065543800", name="Support", area_code="010")
NEW_YORK = Line(number="+12125550100", name="Support", country="US")
LONDON = Line(number="+442079460000", name="Support", country="GB")
HOUSE = InternalNumbers.gather(
    [Agent(id="1001", name="Li Wei", extensions=("1001", "654321")), Agent(id="1002", name="Zhang", extensions=("95500",))],
    [LINE],
    staff=[normalise("13911112222", line=LINE)],
)


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("95588", "95588"),
        ("95588888", "95588888"),
        ("01095588", "95588"),
        ("010-95588", "95588"),
        ("0755-95588", "95588"),
        ("+8695588", "95588"),
        ("008695588", "95588"),
        ("+95588", "95588"),
        ("12345", "12345"),
        ("12306", "12306"),
        ("010-12345", "12345"),
        ("10086", "10086"),
        ("10010", "10010"),
        ("110", "110"),
        ("120", "120"),
        ("122", "122"),
        ("116114", "116114"),
        ("10105768", "10105768"),
        ("96777", "96777"),
    ],
)
def test_chinese_service_numbers_stay_as_dialled(written: str, number: str) -> None:
    phone = normalise(written, line=LINE)

    assert (phone.kind, phone.e164, phone.key, phone.valid) == ("service", None, number, True)


@pytest.mark.parametrize("written", ["400-800-1234", "4008001234", "+86 400 800 1234", "0400 800 1234"])
def test_400_numbers_are_service_numbers_with_an_e164_form(written: str) -> None:
    phone = normalise(written, line=LINE)

    assert (phone.kind, phone.e164, phone.national_digits) == ("service", "+864008001234", "4008001234")


def test_800_numbers_are_free_of_charge() -> None:
    assert normalise("800-810-1234", line=LINE).kind == "toll_free"
    assert normalise("+1 800 555 0199", line=LINE).kind == "toll_free"


@pytest.mark.parametrize(("line", "written"), [(NEW_YORK, "911"), (LONDON, "999"), (LONDON, "112")])
def test_emergency_numbers_elsewhere_are_service_numbers(line: Line, written: str) -> None:
    assert normalise(written, line=line).kind == "service"


@pytest.mark.parametrize("written", ["8001", "801", "1", "12", "88888", "*98", "#31", "sip:8001@pbx.local", "+8001"])
def test_what_is_shorter_than_any_outside_number_is_internal(written: str) -> None:
    phone = normalise(written, line=LINE)

    assert (phone.kind, phone.e164, phone.key, last8(phone)) == ("internal", None, None, None)


def test_the_shortest_outside_number_is_the_lines_choice() -> None:
    long_extensions = LINE.model_copy(update={"minimum_external_digits": 8, "area_code": None})

    assert normalise("7654321", line=long_extensions).kind == "internal"
    assert normalise("7654321", line=LINE.model_copy(update={"area_code": None})).kind == "unknown"


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("1001", "extension"),
        ("654321", "extension longer than the shortest outside number"),
        ("95500", "extension that looks like a service number"),
        ("+8613911112222", "an agent's own mobile, working from home"),
        ("013911112222", "the same, written otherwise"),
        ("010-65543800", "our own line"),
    ],
)
def test_the_directory_says_who_is_ours_whatever_the_length(written: str, why: str) -> None:
    assert normalise(written, line=LINE, internal=HOUSE).kind == "internal", why
    assert normalise(written, line=LINE, internal=HOUSE).key is None


def test_a_staff_number_is_a_customer_for_nobody_but_keeps_its_number() -> None:
    assert normalise("13911112222", line=LINE, internal=HOUSE).e164 == "+8613911112222"
    assert normalise("13911112223", line=LINE, internal=HOUSE).kind == "mobile"


def test_extensions_and_withheld_numbers_equal_nothing() -> None:
    withheld = normalise("anonymous", line=LINE)
    extension = normalise("8001", line=LINE)

    assert not equal(withheld, withheld)
    assert not equal(extension, extension)
    assert equal(normalise("010-95588", line=LINE), normalise("95588", line=LINE))
    assert not equal(normalise("112", line=LINE), normalise("112", line=LONDON))


@pytest.mark.parametrize(
    ("written", "suffix"),
    [
        ("+8613800138000", "00138000"),
        ("010-65543800", "65543800"),
        ("+498912340", None),
        ("+3545511234", None),
        ("+12125550123", "25550123"),
        ("95588", None),
        ("anonymous", None),
    ],
)
def test_the_suffix_never_reaches_into_the_country_code(written: str, suffix: str | None) -> None:
    assert last8(normalise(written, line=LINE)) == suffix
