"""Tables as CSV that a spreadsheet shows and never runs (bad-input row B78). RFC 4180, UTF-8 with the mark Excel looks for."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

MEDIA_TYPE: Final = "text/csv; charset=utf-8"
_RUN: Final = ("=", "+", "-", "@", "\t", "\r", "\0", "＝", "＋", "－", "＠")
"""What a cell of text must not begin with, in either width. OWASP, "CSV Injection", read 2026-11-26:
https://owasp.org/www-community/attacks/CSV_Injection"""


def csv_text(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """Return a table with a head line. Numbers stay numbers; text is quoted, and defused by an apostrophe where it would run."""
    written = io.StringIO()
    table = csv.writer(written, quoting=csv.QUOTE_NONNUMERIC)
    table.writerow(columns)
    table.writerows([_cell(row.get(name)) for name in columns] for row in rows)
    return "\ufeff" + written.getvalue()


def _cell(value: object) -> object:
    if value is None or isinstance(value, int | float):
        return value
    text = str(value)
    return f"'{text}" if text.lstrip(" ").startswith(_RUN) else text
