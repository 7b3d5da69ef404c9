"""Cells of a table that a spreadsheet must show and never run (bad-input row B78)."""

import csv
import io

import pytest

from tieline.api.csv_text import csv_text


def read_back(text: str) -> list[list[str]]:
    assert text.startswith("\ufeff")
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r", "\0", "＝", "＋", "－", "＠", " =", "  @"])
def test_b78_a_cell_that_would_run_is_defused(first: str) -> None:
    assert read_back(csv_text(["name"], [{"name": f"{first}1+1"}])) == [["name"], [f"'{first}1+1"]]


def test_b78_quotes_and_line_breaks_stay_within_their_cell() -> None:
    nasty = 'a"b,c\n=1+1\r\n"x'
    assert read_back(csv_text(["a", "b"], [{"a": nasty, "b": "张伟"}])) == [["a", "b"], [nasty, "张伟"]]


def test_numbers_stay_numbers_and_nothing_is_empty() -> None:
    assert csv_text(["nps", "none"], [{"nps": -12.5, "none": None}]) == '\ufeff"nps","none"\r\n-12.5,""\r\n'
