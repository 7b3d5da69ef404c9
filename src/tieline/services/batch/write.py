"""CSV, JSON Lines and Excel, written a row at a time, and so that no spreadsheet calculates what a customer wrote."""

import csv
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Protocol
from uuid import UUID

import orjson
import xlsxwriter

from tieline.domain.errors import ConfigRefused
from tieline.services.batch.formula_safe import guard

Value = str | bool | int | UUID | datetime | Sequence[object] | dict[str, object] | None
MOST_EXCEL_ROWS: Final = 1_048_576
LONGEST_EXCEL_CELL: Final = 32_767
"""Excel's own limits (support.microsoft.com, "Excel specifications and limits", read 2026-11-26)."""


class Writer(Protocol):
    """A file being written."""

    def write(self, rows: Iterable[Sequence[Value]]) -> None:
        """Add rows. Raises: ConfigRefused: the format cannot hold them."""

    def close(self) -> None:
        """Finish the file."""


class CsvWriter:
    """Every cell quoted, formulas guarded, UTF-8 with the mark by which Excel knows it."""

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        self._file = path.open("w", encoding="utf-8-sig", newline="")
        self._csv = csv.writer(self._file, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
        self._csv.writerow(columns)

    def write(self, rows: Iterable[Sequence[Value]]) -> None:
        """Add rows."""
        self._csv.writerows([guard(text_of(value)) for value in row] for row in rows)

    def close(self) -> None:
        """Finish the file."""
        self._file.close()


class JsonlWriter:
    """One object a line; what is unknown is null."""

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        self._file = path.open("wb")
        self._columns = columns

    def write(self, rows: Iterable[Sequence[Value]]) -> None:
        """Add rows."""
        for row in rows:
            told = {name: _plain(value) for name, value in zip(self._columns, row, strict=True)}
            self._file.write(orjson.dumps(told, default=str, option=orjson.OPT_APPEND_NEWLINE))

    def close(self) -> None:
        """Finish the file."""
        self._file.close()


class XlsxWriter:
    """Every cell is text, so that `+86…` stays a number to dial and `=…` stays what somebody wrote."""

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        self._book = xlsxwriter.Workbook(path, {"constant_memory": True})
        self._sheet = self._book.add_worksheet()
        self._rows = 0
        self.write([columns])

    def write(self, rows: Iterable[Sequence[Value]]) -> None:
        """Add rows. Raises: ConfigRefused: more or longer than Excel holds."""
        for row in rows:
            if self._rows >= MOST_EXCEL_ROWS:
                raise ConfigRefused(f"Excel holds {MOST_EXCEL_ROWS} rows, and there are more", hint="Export to .csv or .jsonl.")
            for column, text in enumerate(map(text_of, row)):
                if len(text) > LONGEST_EXCEL_CELL:
                    raise ConfigRefused("a cell is longer than Excel holds", hint="Export to .csv or .jsonl.")
                self._sheet.write_string(self._rows, column, text)
            self._rows += 1

    def close(self) -> None:
        """Finish the file."""
        self._book.close()


def text_of(value: Value) -> str:
    """Return a value as a cell says it: instants in UTC, lists parted by semicolons or as JSON, nothing for nothing."""
    plain = _plain(value)
    if plain is None:
        return ""
    if isinstance(plain, str):
        return plain
    if isinstance(plain, list) and plain and all(_is_simple(item) for item in plain):
        return ";".join(plain)
    return orjson.dumps(plain, default=str).decode() if plain != [] else ""


def _plain(value: Value) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, UUID):
        return str(value)
    return list(value) if isinstance(value, tuple) else value


def _is_simple(item: object) -> bool:
    return isinstance(item, str) and item != "" and item == item.strip() and not any(sign in item for sign in ";；[")
