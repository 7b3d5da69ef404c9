"""SECURITY.md names, for every requirement that applies, a test that is there, or a reason."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
OURS: Final = [f"S{number:02d}" for number in range(1, 46)]
# OWASP ASVS 5.0.0, levels 1 and 2, without what cannot apply here (an authorization server, WebRTC, GraphQL …).
ASVS: Final = (ROOT / "tests/unit/asvs_items.txt").read_text(encoding="utf-8").split()


def table(title: str) -> Iterator[tuple[str, str]]:
    """Every row of the table under a heading: its first and its last cell."""
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    for line in text.partition(f"### {title}")[2].partition("\n### ")[0].splitlines():
        cells = [cell.strip() for cell in line.strip("| \n").split(" | ")]
        if line.startswith("| ") and len(cells) == 3 and cells[0] not in {"row", "items"}:
            yield cells[0], cells[2]


def test_every_row_of_our_own_list_is_there_once() -> None:
    assert [name for name, _ in table("Our own list")] == OURS


def test_every_item_of_the_standard_that_applies_is_there_once() -> None:
    named = [item for items, _ in table("OWASP ASVS") for item in items.split()]
    assert sorted(set(ASVS) - set(named)) == []
    assert len(named) == len(set(named))
    assert len(set(ASVS)) == 183


def test_every_row_names_a_test_that_is_there_or_a_reason() -> None:
    rows = [*table("Our own list"), *table("OWASP ASVS")]
    wrong = [name for name, told in rows if not re.search(r"`tests/[^`]+`", told) and "Reason: " not in told]
    assert wrong == []
    named = {path for _, told in rows for path in re.findall(r"`(tests/[^`]+)`", told)}
    assert sorted(path for path in named if not (ROOT / path).exists()) == []
