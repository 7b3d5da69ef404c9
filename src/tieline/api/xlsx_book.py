"""Tables as an Excel workbook: numbers are numbers, and text is text that nothing calculates (bad-input row B78)."""

import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import xlsxwriter

MEDIA_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def xlsx_book(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> bytes:
    """Return a workbook with one sheet and a head line."""
    written = io.BytesIO()
    with xlsxwriter.Workbook(written, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        for column, name in enumerate(columns):
            sheet.write_string(0, column, name)
        for place, row in enumerate(rows, start=1):
            for column, name in enumerate(columns):
                value = row.get(name)
                if isinstance(value, int | float):
                    sheet.write_number(place, column, value)
                elif value is not None:
                    sheet.write_string(place, column, str(value))
    return written.getvalue()
