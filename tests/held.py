"""Whether the tests a table names are there: a row must not lose its test unnoticed, renamed or deleted."""

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Final

TESTS: Final = Path(__file__).parent


def lost(named: Iterable[str]) -> list[str]:
    """Return the names that no test function bears."""
    return [name for name in named if name not in _functions()]


@cache
def _functions() -> frozenset[str]:
    found = (re.findall(r"def (test_\w+)\(", file.read_text(encoding="utf-8")) for file in TESTS.rglob("test_*.py"))
    return frozenset(name for names in found for name in names)
