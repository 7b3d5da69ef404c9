"""Exporting: whole, safe to open in a spreadsheet, and what was written out comes back in as it was."""

import csv
import io
import json
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook
from tests.batch.conftest import CONSOLE, LINE, NOW, Desk

from tieline.domain.errors import ConfigRefused, RequestRefused
from tieline.domain.phone_normalise import normalise
from tieline.services.batch import exporting
from tieline.services.batch.exporting import ExportWish, export
from tieline.services.batch.formula_safe import guard, unguard
from tieline.store import identity, identity_import
from tieline.store.database import driver
from tieline.store.identity import IdentityKey

FORMATS = (".csv", ".jsonl", ".xlsx")
EVIL = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "＋1", "－1", "＠a", "'=1", "''", '"";=1', "a\r\nb"]

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\ufffe\uffff"), min_size=1, max_size=40)
words = st.one_of(st.none(), texts, st.sampled_from(EVIL))


@st.composite
def numbers(draw: st.DrawFn) -> str:
    """Draw a number in the one spelling the index has."""
    written = draw(
        st.one_of(st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True), st.from_regex(r"\+[1-9][0-9]{8,13}", fullmatch=True))
    )
    try:
        key = normalise(written, line=LINE).key
        again = normalise(key, line=LINE).key if key else None
    except RequestRefused:
        key = again = None
    return key if key is not None and key == again else "+8613800138000"


keys = st.builds(
    IdentityKey,
    e164=numbers(),
    connection=st.sampled_from(["crm", "erp"]),
    external_id=st.one_of(texts, st.sampled_from(EVIL)),
    seen_at=st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - given a zone there
    external_kind=st.sampled_from(["customer", "contact"]),
    extension=st.sampled_from(["", "801"]),
    label=words,
    direct=st.booleans(),
    display_name=words,
    party_kind=st.sampled_from(["person", "organization"]),
    company=words,
    tier=st.sampled_from([None, "regular"]),
    tags=st.lists(st.one_of(texts, st.sampled_from(["a;b", " a ", "[", "", *EVIL])), max_size=4).map(tuple),
    verified=st.booleans(),
)


async def fill(desk: Desk, *found: IdentityKey) -> None:
    async with desk.database.begin() as tx:
        await (await driver(tx)).execute(b"TRUNCATE identity_keys, imports")
        await identity.upsert(await driver(tx), found)


async def write_out(desk: Desk, kind: str, suffix: str, **wish: Any) -> Path:  # noqa: ANN401 - fields of the wish
    path = desk.folder / f"{kind}{suffix}"
    await export(desk.house, ExportWish(kind, path, **wish), asker=CONSOLE, told=lambda _count: None)
    return path


@pytest.mark.parametrize("suffix", FORMATS)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(found=st.lists(keys, min_size=1, max_size=8))
async def test_what_is_written_out_comes_back_as_it_was(desk: Desk, suffix: str, found: list[IdentityKey]) -> None:
    await fill(desk, *found)
    before = await desk.index()
    path = await write_out(desk, "phones", suffix, replace=True)
    await fill(desk)
    tally = await desk.import_file(path, connection=None)
    assert (tally.rejected, desk.faults()) == (0, [])
    assert await desk.index() == before


@given(text=st.one_of(st.text(), st.sampled_from(EVIL)))
def test_a_guard_is_taken_off_as_it_was_put_on(text: str) -> None:
    assert unguard(guard(text)) == text
    assert guard(text)[:1] not in set("=+-@\t\r\n\0＝＋－＠")


@pytest.mark.parametrize("evil", EVIL)
async def test_no_cell_of_a_csv_is_a_formula_and_every_cell_of_a_workbook_is_text(desk: Desk, evil: str) -> None:
    await fill(desk, IdentityKey("+8613800138000", "crm", "7", NOW, display_name=evil))
    path = await write_out(desk, "phones", ".csv")
    written = path.read_bytes()
    rows = list(csv.reader(io.StringIO(written.decode("utf-8-sig"), newline="")))
    assert not [cell for row in rows for cell in row if cell[:1] in set("=+-@\t\r\n\0＝＋－＠")]
    assert rows[1][0] == "'+8613800138000"
    assert written.startswith(b'\xef\xbb\xbf"phone","extension"')
    sheet = CalamineWorkbook.from_path(await write_out(desk, "phones", ".xlsx")).get_sheet_by_index(0)
    assert sheet.to_python()[1][0] == "+8613800138000"
    assert evil in sheet.to_python()[1]


async def test_more_than_a_page_is_written_and_nothing_twice(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "PAGE_ROWS", 7)
    await fill(desk, *(IdentityKey(f"+86138{n % 5:08}", "crm", str(n), NOW) for n in range(40)))
    told = [json.loads(line) for line in (await write_out(desk, "phones", ".jsonl")).read_text().splitlines()]
    assert sorted(int(row["external_id"]) for row in told) == list(range(40))


async def test_an_export_is_for_its_owner_only_and_in_the_audit_before_the_first_row(desk: Desk) -> None:
    path = await write_out(desk, "audit", ".jsonl")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    told = [json.loads(line) for line in path.read_text().splitlines()]
    assert [(row["action"], row["subject"], row["details"]) for row in told] == [
        ("export.begun", "export:audit", {"format": "jsonl"})
    ]
    assert await desk.rows("SELECT action, details FROM audit_entries ORDER BY seq DESC LIMIT 1") == [
        ("export.finished", {"format": "jsonl", "rows": 1})
    ]


TICKET = """
    INSERT INTO tickets (id, number, subject, status, priority, source, created_by, created_at, updated_at, version, tags)
    SELECT gen_random_uuid(), number, '=cmd|x', 'open', 'normal', 'agent', '1001', now(), now(), 1, '{a,b}'
    FROM generate_series(1001, 1003) AS number
"""


async def test_tickets_come_in_the_order_of_their_numbers(desk: Desk) -> None:
    async with desk.database.pool.connection() as connection:
        await connection.execute(TICKET.encode())
    written = (await write_out(desk, "tickets", ".csv")).read_bytes().decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(written, newline="")))
    assert [(row["number"], row["subject"], row["tags"]) for row in rows] == [
        (str(number), "'=cmd|x", "a;b") for number in (1001, 1002, 1003)
    ]


async def test_a_file_that_is_there_stays_unless_told_otherwise(desk: Desk) -> None:
    path = await write_out(desk, "phones", ".csv")
    with pytest.raises(ConfigRefused, match="there already"):
        await write_out(desk, "phones", ".csv")
    await write_out(desk, "phones", ".csv", replace=True)
    assert [file.name for file in desk.folder.iterdir()] == [path.name]


async def test_what_a_workbook_cannot_hold_leaves_no_file(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tieline.services.batch.write.MOST_EXCEL_ROWS", 2)
    await fill(desk, *(IdentityKey(f"+86138{n:08}", "crm", str(n), NOW + timedelta(seconds=n)) for n in range(2)))
    with pytest.raises(ConfigRefused, match="Excel holds 2 rows"):
        await write_out(desk, "phones", ".xlsx")
    assert list(desk.folder.iterdir()) == []


@pytest.mark.parametrize(("kind", "suffix", "sentence"), [("people", ".csv", "no such kind"), ("phones", ".xls", "must end in")])
async def test_other_kinds_and_formats_are_refused(desk: Desk, kind: str, suffix: str, sentence: str) -> None:
    with pytest.raises(ConfigRefused, match=sentence):
        await write_out(desk, kind, suffix)
    assert await desk.rows("SELECT count(*) FROM audit_entries") == [(0,)]


def test_the_index_is_staged_and_exported_by_the_same_places() -> None:
    assert identity_import.StagedKey._fields[: identity_import.PLACE_FIELDS] == (
        "e164", "extension", "connection", "external_kind", "external_id",
    )  # fmt: skip
