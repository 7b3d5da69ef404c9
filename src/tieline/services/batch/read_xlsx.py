"""Excel workbooks. The sheet is taken apart by calamine in one go, so it must fit into memory; its size is asked first."""

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, WorksheetNotFound

from tieline.domain.errors import ConfigRefused
from tieline.services.batch.sheet import MOST_COLUMNS, Reading, SheetRow, heading_of

MOST_UNPACKED_BYTES: Final = 805_306_368
"""A million rows of the phone index unpack to about 600 MB; a bomb of zeros to far more."""


class XlsxSheet:
    """The first sheet, or the one named. Cells keep their kind: a number is not the text that looks like it."""

    formula_guards = False

    def __init__(self, path: Path, reading: Reading) -> None:
        _require_bearable(path)
        sheet = _sheet(path, reading.sheet)
        self._height = sheet.height
        self._number = (sheet.start or (0, 0))[0] + 1
        self._done = 0
        if sheet.width > MOST_COLUMNS:
            raise ConfigRefused(f"the sheet has {sheet.width} columns; at most {MOST_COLUMNS} are read")
        self._cells = sheet.iter_rows()
        self.headings: tuple[str, ...] | None = tuple(heading_of(cell) for cell in next(self._cells, []))

    def rows(self) -> Iterator[SheetRow]:
        """Yield every row that is not blank."""
        headings = self.headings or ()
        for cells in self._cells:
            self._done += 1
            if any(cell != "" for cell in cells):
                yield SheetRow(self._number + self._done, dict(zip(headings, cells, strict=True)))

    def position(self) -> tuple[int, int]:
        """Return rows read, and rows in all."""
        return self._done, max(self._height - 1, 0)

    def close(self) -> None:
        """Nothing is open: the sheet was read whole."""


def _require_bearable(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as exc:
        raise ConfigRefused("the file is no Excel workbook", hint="Save it as .xlsx or .csv.") from exc
    if unpacked > MOST_UNPACKED_BYTES:
        raise ConfigRefused(
            f"the workbook unpacks to {unpacked // 1_048_576} MiB; at most {MOST_UNPACKED_BYTES // 1_048_576} are read",
            hint="Save the sheet as .csv, which is read row by row.",
        )


def _sheet(path: Path, name: str | None) -> CalamineSheet:
    try:
        workbook = CalamineWorkbook.from_path(path)
        return workbook.get_sheet_by_index(0) if name is None else workbook.get_sheet_by_name(name)
    except WorksheetNotFound as exc:
        raise ConfigRefused("the workbook has no such sheet", hint="See --sheet.") from exc
    except (CalamineError, OSError) as exc:
        raise ConfigRefused("the workbook cannot be read: damaged, or locked by a password", hint="Save it as .csv.") from exc
