"""What may stand in one cell, by kind: text, a word of a list, yes or no, an instant, tags. Empty is None everywhere."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final

import orjson

from tieline.services.batch.formula_safe import unguard

LONGEST_TEXT: Final = 1_000
LONGEST_KEY: Final = 400
"""Characters of what becomes part of an index entry; Postgres indexes at most 2,704 bytes."""
MOST_TAGS: Final = 50

_UNKEPT: Final = re.compile("[\x00\ud800-\udfff]")
_BETWEEN_TAGS: Final = re.compile("[;；]")
_YES_OR_NO: Final = {"true": True, "yes": True, "1": True, "是": True, "false": False, "no": False, "0": False, "否": False}


class CellRefused(ValueError):
    """A cell cannot be used. `fault` is a key of `sheet.FAULTS`; what stood there is not repeated."""

    def __init__(self, fault: str) -> None:
        super().__init__(fault)
        self.fault = fault


Kind = Callable[[object], object]


def text(cell: object, *, longest: int = LONGEST_TEXT) -> str | None:
    """Return text as it stands."""
    if cell is None or cell == "":
        return None
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        raise CellRefused("kept_as_number")
    if not isinstance(cell, str):
        raise CellRefused("not_text")
    if len(cell) > longest:
        raise CellRefused("too_long")
    if _UNKEPT.search(cell):
        raise CellRefused("unreadable_character")
    return cell


def key_text(cell: object) -> str | None:
    """Return text short enough to be indexed."""
    return text(cell, longest=LONGEST_KEY)


def word_of(*words: str) -> Kind:
    """Return a kind that takes these words only."""

    def word(cell: object) -> str | None:
        found = text(cell)
        if found is not None and found not in words:
            raise CellRefused("unknown_word")
        return found

    return word


def yes_or_no(cell: object) -> bool | None:
    """Return what true, yes, 1, 是 and their opposites say."""
    if isinstance(cell, bool):
        return cell
    if isinstance(cell, int | float) and cell in {0, 1}:
        return bool(cell)
    found = text(cell)
    if found is None:
        return None
    if found.strip().lower() not in _YES_OR_NO:
        raise CellRefused("not_yes_or_no")
    return _YES_OR_NO[found.strip().lower()]


def instant(cell: object) -> datetime | None:
    """Return an instant with its offset; the cell of a spreadsheet has none and is refused."""
    if isinstance(cell, datetime):
        raise CellRefused("not_an_instant")
    found = text(cell)
    if found is None:
        return None
    try:
        at = datetime.fromisoformat(found.strip())
        return _in_utc(at)
    except (ValueError, OverflowError) as exc:
        raise CellRefused("not_an_instant") from exc


def tags(cell: object) -> list[str] | None:
    """Return tags parted by semicolons, or a JSON list of texts."""
    if isinstance(cell, list):
        return _checked_tags(cell)
    found = text(cell)
    if found is None:
        return None
    if not found.startswith("["):
        return _checked_tags([tag.strip() for tag in _BETWEEN_TAGS.split(found) if tag.strip()])
    try:
        return _checked_tags(orjson.loads(found))
    except ValueError as exc:
        raise CellRefused("not_tags") from exc


def unguarded(cells: Mapping[str, object]) -> Mapping[str, object]:
    """Take off the apostrophes that keep a spreadsheet from calculating."""
    return {name: unguard(cell) if isinstance(cell, str) else cell for name, cell in cells.items()}


def _checked_tags(found: object) -> list[str]:
    if not isinstance(found, list) or len(found) > MOST_TAGS or not all(isinstance(tag, str) for tag in found):
        raise CellRefused("not_tags")
    for tag in found:
        text(tag)
    return found


def _in_utc(at: datetime) -> datetime:
    if at.tzinfo is None:
        message = "without an offset"
        raise ValueError(message)
    return at.astimezone(UTC)
