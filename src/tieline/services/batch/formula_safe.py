"""Cells of a CSV that a spreadsheet would take for formulas, told apart from them by an apostrophe that is taken off again."""

from typing import Final

_FORMULA_SIGNS: Final = frozenset("=+-@\t\r\n\0＝＋－＠")
"""What makes a spreadsheet calculate, or stop reading a cell as text (rule book B78)."""

_GUARDED: Final = _FORMULA_SIGNS | {"'"}


def guard(text: str) -> str:
    """Return a cell that every spreadsheet shows as it is written."""
    return f"'{text}" if text[:1] in _GUARDED else text


def unguard(text: str) -> str:
    """Undo `guard`; an apostrophe that guards nothing stays."""
    return text[1:] if text[:1] == "'" and text[1:2] in _GUARDED else text
