"""Phone fields as people fill them in: several numbers, names, remarks."""

import pytest

from tieline.domain.line import Line
from tieline.domain.phone_written import numbers_written_in

LINE = Line(number="+861065543800", name="Support", area_code="010")


@pytest.mark.parametrize(
    ("field", "numbers"),
    [
        ("13800138000", ["+8613800138000"]),
        ("13800138000/13900139000", ["+8613800138000", "+8613900139000"]),
        ("13800138000、13900139000", ["+8613800138000", "+8613900139000"]),
        ("13800138000, 010-65543800", ["+8613800138000", "+861065543800"]),
        ("13800138000(微信同号)", ["+8613800138000"]),
        ("张三 138 0013 8000", ["+8613800138000"]),
        ("电话：010-65543800转801；手机：13800138000", ["+861065543800", "+8613800138000"]),
        ("Mobile: +44 7911 123456 or +44 20 7946 0123", ["+447911123456", "+442079460123"]),
        ("13800138000 / +8613800138000", ["+8613800138000"]),
        ("未知", []),
        ("", []),
        ("n/a", []),
        ("no phone", []),
    ],
)
def test_every_number_in_the_field_is_found_once(field: str, numbers: list[str]) -> None:
    assert [phone.e164 for phone in numbers_written_in(field, line=LINE)] == numbers


def test_a_slash_inside_one_number_does_not_part_it() -> None:
    germany = Line(number="+493012345", name="Support", country="DE")

    assert [phone.e164 for phone in numbers_written_in("089/123456-12", line=germany)] == ["+498912345612"]


def test_the_extension_stays_with_its_number() -> None:
    landline, mobile = numbers_written_in("电话：010-65543800转801；手机：13800138000", line=LINE)

    assert (landline.extension, mobile.extension) == ("801", None)


def test_an_endless_field_gives_at_most_ten_numbers() -> None:
    field = "/".join(f"138001380{digits:02}" for digits in range(50))

    assert len(numbers_written_in(field, line=LINE)) == 10
