"""A large file is read by processes of their own: the same slices, the same rejects, the same end."""

import itertools
from pathlib import Path
from typing import Any

import pytest
from tests.batch.conftest import LINE, NOW, Desk

from tieline.domain.errors import ConfigRefused
from tieline.domain.phone_internal import InternalNumbers
from tieline.services.batch import slices as slicing
from tieline.services.batch.formats import open_sheet
from tieline.services.batch.phone_rows import PhoneRows, PhoneRules
from tieline.services.batch.sheet import Reading
from tieline.services.batch.slices import Slice, slices, slices_ahead

ROWS = 57
MIXED = "phone,external_id,name\n" + "".join(
    f"{'nonsense' if row % 7 == 0 else f'1380013{row % 50:04}'},C{row % 40},客户 {row}\n" for row in range(ROWS)
)


def read(path: Path, *, processes: int, size: int = 10) -> list[Slice]:
    sheet = open_sheet(path, Reading())
    rows = PhoneRows(sheet, {}, PhoneRules(LINE, InternalNumbers(lines=frozenset({LINE.number})), {"crm"}, "crm", NOW))
    try:
        parts = slices_ahead(sheet, rows, processes=processes, size=size) if processes else slices(sheet, rows, size=size)
        return list(parts)
    finally:
        sheet.close()


def test_processes_read_the_same_slices_in_the_same_order(tmp_path: Path) -> None:
    path = tmp_path / "phones.csv"
    path.write_text(MIXED)
    alone, together = read(path, processes=0), read(path, processes=2)
    assert together == alone
    assert (len(alone), sum(part.read for part in alone), sum(len(part.rejects) for part in alone)) == (6, ROWS, 9)


async def test_what_was_read_before_a_file_breaks_off_is_imported_and_the_rest_is_one_sentence(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slicing, "WORTH_PROCESSES_BYTES", 0)
    monkeypatch.setattr(slicing, "SLICE_ROWS", 10)
    ahead: list[int] = []

    def noted(*given: Any, processes: int, **named: Any) -> Any:  # noqa: ANN401 - whatever it takes
        ahead.append(processes)
        return slices_ahead(*given, processes=processes, **{**named, "size": 10})

    monkeypatch.setattr("tieline.services.batch.importing.slices_ahead", noted)
    lines = MIXED.splitlines(keepends=True)
    text = "".join(itertools.chain(lines[:36], ['13800137777,C99,"never closed\n'], lines[36:]))
    with pytest.raises(ConfigRefused, match="quotation"):
        await desk.import_text(text)
    assert len(ahead) == 1
    assert ahead[0] >= 1
    assert [row[0] for row in await desk.rows("SELECT rows_read FROM imports")] == [30]
    assert len(desk.faults()) == sum(row % 7 == 0 for row in range(30))
