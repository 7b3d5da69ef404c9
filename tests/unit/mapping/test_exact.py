"""Text and numbers become each other without loss, or not at all."""

from decimal import Decimal

import pytest

from tieline.mapping.exact import exact_decimal, exact_integer, exact_text, shifted


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("+8613800138000", "+8613800138000"),
        (12345678901234567890, "12345678901234567890"),
        (12.5, "12.5"),
        (0.1, "0.1"),
        (1e22, "10000000000000000000000"),
        (1e-7, "0.0000001"),
        (Decimal("12.50"), "12.50"),
        (Decimal("1E+3"), "1000"),
        (True, "true"),
        (False, "false"),
    ],
)
def test_a_single_value_has_exact_characters(value: object, text: str) -> None:
    assert exact_text(value) == text


@pytest.mark.parametrize("value", [None, [], {}, ["a"], float("nan"), float("inf"), Decimal("1e999999999"), 10**41])
def test_what_is_no_single_value_or_endless_has_no_characters(value: object) -> None:
    assert exact_text(value) is None


@pytest.mark.parametrize(
    ("value", "number"),
    [(12.5, "12.5"), (0.1, "0.1"), ("12.50", "12.50"), ("-0.07", "-0.07"), (7, "7"), (Decimal("0E-8"), "0E-8")],
)
def test_a_number_is_read_to_its_last_digit(value: object, number: str) -> None:
    assert str(exact_decimal(value)) == number


@pytest.mark.parametrize(
    "text", ["+5", "1e3", "1,000", "1_000", " 5", "5 ", ".5", "5.", "", "¥5", "NaN", "１２", "--5", "9" * 31]
)
def test_a_text_that_is_not_plainly_a_number_is_none(text: str) -> None:
    assert (exact_decimal(text), exact_integer(text)) == (None, None)


@pytest.mark.parametrize(("value", "number"), [("0012", 12), (12.0, 12), (Decimal("12.00"), 12), ("-3", -3), (10**38, 10**38)])
def test_a_whole_number_is_read_whatever_carries_it(value: object, number: int) -> None:
    assert exact_integer(value) == number


@pytest.mark.parametrize("value", [12.5, "12.5", True, None, [1], Decimal("1e-3")])
def test_a_part_of_a_number_is_no_whole_number(value: object) -> None:
    assert exact_integer(value) is None


def test_shifting_keeps_more_digits_than_decimal_arithmetic_would() -> None:
    assert str(shifted(Decimal(1234567890123456789012345678901), -2)) == "12345678901234567890123456789.01"
