"""The runbook has an entry for every kind of failure, every code a delivery can stand still with, and every kind of question."""

import re
from pathlib import Path
from typing import Final, get_args

import pytest

from tieline.connectors.contract import Outcome
from tieline.domain.dead_letter_advice import BY_CODE
from tieline.domain.errors import ErrorKind

RUNBOOK: Final = (Path(__file__).parents[2] / "docs" / "runbook.md").read_text(encoding="utf-8")
KINDS: Final = RUNBOOK.partition("| kind | what it means |")[2].partition("\n\n")[0]
SAID_BY_KIND: Final = frozenset({"ok", "not_found", "partial", "auth_expired", "throttled", "conflict", "duplicate", "ambiguous"})
"""Outcomes that are no kind of failure of their own."""


def test_the_table_of_kinds_is_the_enumeration_of_kinds() -> None:
    assert tuple(re.findall(r"^\| `(\w+)` \|", KINDS, re.MULTILINE)) == get_args(ErrorKind)


def test_every_outcome_of_a_vendor_is_a_kind_or_known_not_to_be_one() -> None:
    assert set(get_args(Outcome)) - SAID_BY_KIND <= set(get_args(ErrorKind))


@pytest.mark.parametrize("code", BY_CODE)
def test_every_code_a_delivery_stands_still_with_is_in_the_runbook(code: str) -> None:
    assert f"`{code}`" in RUNBOOK
