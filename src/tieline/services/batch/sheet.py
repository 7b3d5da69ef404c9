"""A table in a file, whatever its format: headings, then rows, one at a time."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

MOST_COLUMNS: Final = 256

FAULTS: Final[Mapping[str, str]] = {
    "missing": "nothing stands where something must",
    "phone_invalid": "this is no telephone number",
    "phone_internal": "this number belongs to the house: an extension, a line or staff",
    "kept_as_number": "a spreadsheet kept this as a number, so a + or 0 in front, or its last digits, are lost; make it text",
    "not_text": "this must be text",
    "too_long": "this is too long",
    "unreadable_character": "there is a character no database keeps: NUL, or half of a pair",
    "unknown_connection": "there is no connection of this name",
    "unknown_word": "this is none of the words that may stand here",
    "not_yes_or_no": "write true or false",
    "not_an_instant": "write an instant with its offset, such as 2026-11-22T10:00:00+08:00",
    "not_tags": "write tags with semicolons between them, or as a JSON list of texts",
    "score_range": "the score is none of its kind's scale",
    "score_required": "this kind of feedback is a score",
    "score_unexpected": "this kind of feedback has no score",
    "columns": "there are more or fewer cells than headings; is a quotation mark left open?",
    "not_an_object": "the line is no JSON object",
}
"""Why a row is rejected; never what it said."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How a file is to be read. `columns`: our field → the heading it stands under, for headings other than ours."""

    encoding: str = "utf-8-sig"
    sheet: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One row. `number` is where a person finds it: the first line of the file is 1. A row with a `fault` has no cells."""

    number: int
    cells: Mapping[str, object]
    fault: str | None = None


class Sheet(Protocol):
    """A file being read. Headings are folded (`heading_of`); a format without headings has None."""

    headings: tuple[str, ...] | None
    formula_guards: bool
    """Whether text may carry the apostrophe of `formula_safe.guard`."""

    def rows(self) -> Iterator[SheetRow]:
        """Yield every row. Raises: ConfigRefused: from here on the file cannot be read."""

    def position(self) -> tuple[int, int]:
        """Return how far it was read, and how far it goes, in one unit."""

    def close(self) -> None:
        """Let go of the file."""


def heading_of(text: object) -> str:
    """Return a heading as it is compared: without blanks around it, in lower case."""
    return str(text).strip().casefold()
