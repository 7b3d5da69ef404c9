"""Importing numbers: normalised as a ring's are, once, resumable, and out of the way of calls."""

import asyncio
import contextlib
import csv
import io
import stat
from datetime import UTC, datetime
from typing import Any

import pytest
import xlsxwriter
from tests.batch.conftest import LINE, NOW, Desk

from tieline.domain.errors import ConfigRefused, StateConflict
from tieline.domain.phone_normalise import normalise
from tieline.services.batch import slices
from tieline.services.batch.sheet import FAULTS as SENTENCES
from tieline.services.batch.sheet import Reading
from tieline.store import identity, identity_import, import_cursors
from tieline.store.database import driver
from tieline.store.identity import IdentityKey
from tieline.store.memory import Memory, Recall

HEAD = "phone,external_id,name,tier,tags,seen_at\n"
SPELLINGS = ["+8613800138000", "013800138000", "13800138000", "８６-138 0013 8000", "tel:+86-138-0013-8000", "010-65543899"]


@pytest.mark.parametrize("written", SPELLINGS)
async def test_a_number_is_read_as_a_rings_is(desk: Desk, written: str) -> None:
    await desk.import_text(f"phone,external_id\n{written},7\n")
    assert await desk.numbers() == [normalise(written, line=LINE).key]


async def test_everything_a_row_says_is_kept(desk: Desk) -> None:
    text = (
        "phone,connection,external_id,external_kind,name,label,direct,party_kind,company,tier,tags,verified,extension,seen_at\n"
        "+86 10 6554 3899,erp,7,contact,张三,office,true,organization,Acme,high_value,vip;老年用户,yes,801,"
        "2026-11-22T10:00:00+08:00\n"
    )
    tally = await desk.import_text(text, connection=None)
    assert (tally.read, tally.taken, tally.rejected, tally.changed) == (1, 1, 0, 1)
    found = (await Memory(desk.database.pool).recall(Recall("+861065543899", now=NOW))).found
    assert found.keys == (
        IdentityKey(
            e164="+861065543899",
            connection="erp",
            external_id="7",
            seen_at=datetime(2026, 11, 22, 2, tzinfo=UTC),
            external_kind="contact",
            extension="801",
            label="office",
            direct=True,
            display_name="张三",
            party_kind="organization",
            company="Acme",
            tier="high_value",
            tags=("vip", "老年用户"),
            verified=True,
        ),
    )


async def test_the_same_file_again_changes_nothing(desk: Desk) -> None:
    text = HEAD + "".join(f"138{number:08},{number},客户,regular,a;b,\n" for number in range(30))
    first = await desk.import_text(text)
    kept = await desk.rows("SELECT *, xmin::text FROM identity_keys ORDER BY e164")
    again = await desk.import_file(desk.folder / "phones.csv")
    forced = await desk.import_file(desk.folder / "phones.csv", again=True)
    assert (first.changed, again.changed, forced.changed) == (30, 30, 0)
    assert again.before is not None
    assert await desk.rows("SELECT *, xmin::text FROM identity_keys ORDER BY e164") == kept


async def test_what_a_file_leaves_open_and_what_was_seen_later_stay(desk: Desk) -> None:
    known = IdentityKey("+8613800138000", "crm", "7", NOW, display_name="张三", tier="high_value", tags=("vip",), verified=True)
    later = IdentityKey("+8613800138001", "crm", "8", NOW, display_name="李四")
    async with desk.database.begin() as tx:
        await identity.upsert(await driver(tx), [known, later])
    await desk.import_text(
        HEAD + "13800138000,7,,regular,,2031-01-01T00:00:00Z\n13800138001,8,Somebody else,,,2026-01-01T00:00:00Z\n"
    )
    rows = await desk.rows("SELECT display_name, tier, tags, verified FROM identity_keys ORDER BY e164")
    assert rows == [("张三", "regular", ["vip"], True), ("李四", None, [], False)]


async def test_two_rows_about_one_entry_become_one(desk: Desk) -> None:
    tally = await desk.import_text(HEAD + "13800138000,7,张三,,,\n+8613800138000,7,,regular,,\n")
    assert (tally.taken, tally.changed) == (2, 1)
    assert await desk.rows("SELECT display_name, tier FROM identity_keys") == [("张三", "regular")]


async def test_a_field_with_two_numbers_makes_two_entries(desk: Desk) -> None:
    await desk.import_text("phone;external_id\n13800138000/13900139000;7\n")
    assert await desk.numbers() == ["+8613800138000", "+8613900139000"]


FAULTS = {
    "not a number": ("王先生,7", ("2", "phone", "phone_invalid")),
    "no number": (",7", ("2", "phone", "missing")),
    "no id": ("13800138000,", ("2", "external_id", "missing")),
    "Excel's exponent": ("1.38E+10,7", ("2", "phone", "kept_as_number")),
    "Excel's float": ("13800138000.0,7", ("2", "phone", "kept_as_number")),
    "an agent's own": ("13800138009,7", ("2", "phone", "phone_internal")),
    "withheld": ("anonymous,7", ("2", "phone", "phone_invalid")),
    "NUL": ("13800138000,7\x00", ("2", "external_id", "unreadable_character")),
    "100,000 characters": ("13800138000," + "9" * 100_000, ("2", "external_id", "too_long")),
    "a cell too many": ("13800138000,7,8", ("2", "", "columns")),
    "a cell too few": ("13800138000", ("2", "", "columns")),
}


@pytest.mark.parametrize(("row", "fault"), FAULTS.values(), ids=FAULTS)
async def test_a_row_that_cannot_be_used_is_named_and_the_next_is_taken(desk: Desk, row: str, fault: tuple[str, ...]) -> None:
    tally = await desk.import_text(f"phone,external_id\n{row}\n13800138001,8\n")
    assert (tally.taken, tally.rejected, await desk.numbers(), desk.faults()) == (1, 1, ["+8613800138001"], [fault])
    told = list(csv.reader(io.StringIO(desk.rejects.read_text())))
    assert told == [["row", "column", "fault", "because"], [*fault, SENTENCES[fault[2]]]]
    assert stat.S_IMODE(desk.rejects.stat().st_mode) == 0o600


CELLS = {
    "tier": ("gold", "unknown_word"),
    "seen_at": ("2026-11-22 10:00:00", "not_an_instant"),
    "direct": ("perhaps", "not_yes_or_no"),
    "tags": ("[1]", "not_tags"),
    "connection": ("sap", "unknown_connection"),
}


@pytest.mark.parametrize(("column", "cell", "fault"), [(column, *rest) for column, rest in CELLS.items()], ids=CELLS)
async def test_each_cell_is_checked(desk: Desk, column: str, cell: str, fault: str) -> None:
    await desk.import_text(f"phone,external_id,{column}\n13800138000,7,{cell}\n")
    assert desk.faults() == [("2", column, fault)]


async def test_rows_of_json_lines_are_checked_one_by_one(desk: Desk) -> None:
    lines = ['{"phone": "13800138000", "external_id": "7"}', '{"phone": 13800138000, "external_id": "7"}', "[1]", "{", ""]
    lines += ['{"phone": "\\ud800", "external_id": "7"}', '{"phone": ["1"], "external_id": "7"}']
    tally = await desk.import_text("\n".join(lines), name="phones.jsonl")
    assert (tally.read, tally.taken) == (6, 1)
    assert desk.faults() == [
        ("2", "phone", "kept_as_number"),
        ("3", "", "not_an_object"),
        ("4", "", "not_an_object"),
        ("6", "", "not_an_object"),
        ("7", "phone", "not_text"),
    ]


async def test_a_number_excel_kept_as_a_number_is_refused_and_text_is_taken(desk: Desk) -> None:
    path = desk.folder / "phones.xlsx"
    book = xlsxwriter.Workbook(path)
    sheet = book.add_worksheet()
    for row, cells in enumerate([("Phone ", "external_id"), ("013800138000", "7"), (13800138000, "8"), ("+8613800138001", 9)]):
        sheet.write_row(row, 0, cells, None)
    book.close()
    tally = await desk.import_file(path)
    assert (tally.taken, await desk.numbers()) == (1, ["+8613800138000"])
    assert desk.faults() == [("3", "phone", "kept_as_number"), ("4", "external_id", "kept_as_number")]


FILES = {
    "GBK without saying so": ("phone,external_id,name\n13800138000,7,张三\n".encode("gbk"), "another character set"),
    "UTF-16 without saying so": ("phone,external_id\n13800138000,7\n".encode("utf-16"), "UTF-16"),
    "5,000 columns": (b"phone," + b"x," * 4_998 + b"external_id\n", "columns; at most 256"),
    "a quotation mark left open": (b'phone,external_id\n13800138000,"7\n13800138001,8\n', "row 2: a quotation mark"),
    "no headings": (b"13800138000,7\n", "has no column phone"),
    "two columns alike": (b"phone,external_id,phone\n", "two columns"),
    "empty": (b"", "has no column phone"),
    "one endless line": (b"phone,external_id\n" + b"x" * 1_100_000, "longer than a million"),
}


@pytest.mark.parametrize(("content", "sentence"), FILES.values(), ids=FILES)
async def test_a_file_that_cannot_be_read_is_one_sentence(desk: Desk, content: bytes, sentence: str) -> None:
    with pytest.raises(ConfigRefused, match=sentence) as caught:
        await desk.import_text(content)
    assert "13800138000" not in f"{caught.value} {caught.value.hint}"
    assert await desk.numbers() == []


@pytest.mark.parametrize("content", [b"phone", b"PK\x03\x04 broken", b""])
async def test_what_is_no_workbook_is_one_sentence(desk: Desk, content: bytes) -> None:
    with pytest.raises(ConfigRefused, match="no Excel workbook"):
        await desk.import_text(content, name="phones.xlsx")


async def test_a_workbook_that_swells_is_not_unpacked(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    path = desk.folder / "phones.xlsx"
    book = xlsxwriter.Workbook(path)
    book.add_worksheet().write_string(0, 0, "x" * 30_000)
    book.close()
    monkeypatch.setattr("tieline.services.batch.read_xlsx.MOST_UNPACKED_BYTES", 20_000)
    with pytest.raises(ConfigRefused, match="the workbook unpacks to"):
        await desk.import_file(path)


READINGS = {
    "GBK": ("gbk", {}, "phone,external_id,name\n13800138000,7,张三\n"),
    "UTF-16": ("utf-16", {}, "phone\texternal_id\tname\n13800138000\t7\t张三\n"),
    "a BOM": ("utf-8-sig", {}, "phone,external_id,name\n13800138000,7,张三\n"),
    "other headings": (
        "utf-8",
        {"phone": "手机", "external_id": "编号", "name": "姓名"},
        "编号;手机;姓名;备注\n7;13800138000;张三;x\n",
    ),
}


@pytest.mark.parametrize(("encoding", "columns", "text"), READINGS.values(), ids=READINGS)
async def test_other_character_sets_headings_and_separators(
    desk: Desk, encoding: str, columns: dict[str, str], text: str
) -> None:
    await desk.import_text(text.encode(encoding), reading=Reading(encoding=encoding, columns=columns))
    assert await desk.rows("SELECT e164, external_id, display_name FROM identity_keys") == [("+8613800138000", "7", "张三")]


async def test_a_dry_run_writes_rejects_and_nothing_else(desk: Desk) -> None:
    tally = await desk.import_text("phone,external_id\n13800138000,7\nx,8\n", dry_run=True)
    assert (tally.taken, tally.rejected, desk.faults()) == (1, 1, [("3", "phone", "phone_invalid")])
    for table in ("identity_keys", "imports", "audit_entries"):
        assert await desk.rows(f"SELECT count(*) FROM {table}") == [(0,)]  # noqa: S608 - a name of this file


async def test_an_import_is_in_the_audit(desk: Desk) -> None:
    await desk.import_text("phone,external_id\n13800138000,7\nx,8\n")
    rows = await desk.rows("SELECT actor, action, subject, details - 'digest' FROM audit_entries ORDER BY seq")
    assert rows == [
        ("console", "import.begun", "import:phones", {"read": 0, "rejected": 0, "changed": 0}),
        ("console", "import.finished", "import:phones", {"read": 2, "rejected": 1, "changed": 1}),
    ]


class Interrupted(BaseException):
    """The machine went away."""


def die_at(monkeypatch: pytest.MonkeyPatch, point: str, nth: int) -> None:
    """Let the `nth` arrival at a point of the writing be the last thing that happens."""
    module: Any = {"merge": identity_import, "move": import_cursors}[point]
    real, arrivals = getattr(module, point), 0

    async def dying(*given: object) -> object:
        nonlocal arrivals
        arrivals += 1
        result = await real(*given)
        if arrivals == nth:
            raise Interrupted
        return result

    monkeypatch.setattr(module, point, dying)


@pytest.mark.parametrize("point", ["merge", "move"])
@pytest.mark.parametrize("nth", [1, 2, 4])
async def test_an_import_that_dies_goes_on_where_it_was(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, point: str, nth: int
) -> None:
    monkeypatch.setattr(slices.slices, "__kwdefaults__", {"skip": 0, "size": 10})
    rows = [f"138{number:08},{number}" if number % 7 else "x,1" for number in range(44)]
    text = "phone,external_id\n" + "\n".join(rows) + "\n"
    with monkeypatch.context() as dying, contextlib.suppress(Interrupted):
        die_at(dying, point, nth)
        await desk.import_text(text)
    committed = (await desk.rows("SELECT rows_read, finished_at IS NULL FROM imports"))[0]
    tally = await desk.import_file(desk.folder / "phones.csv")
    assert committed == (10 * (nth - 1), True)
    assert (tally.resumed_at, tally.read, tally.rejected, tally.taken) == (10 * (nth - 1), 44, 7, 37)
    assert len(await desk.numbers()) == 37
    assert [row for row, _, _ in desk.faults()] == [str(number + 2) for number in range(0, 44, 7)]


async def test_of_two_imports_of_one_file_the_slower_ends(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    merge = identity_import.merge
    others: list[Any] = []

    async def overtaken(*given: Any) -> int:  # noqa: ANN401 - as `merge` takes them
        if not others:
            others.append(None)
            others[0] = await desk.import_file(desk.folder / "phones.csv")
        return await merge(*given)

    monkeypatch.setattr(identity_import, "merge", overtaken)
    with pytest.raises(StateConflict, match="being imported"):
        await desk.import_text("phone,external_id\n13800138000,7\nx,8\n")
    assert others[0].changed == 1
    assert (await desk.numbers(), len(desk.faults())) == (["+8613800138000"], 1)


async def test_two_imports_that_begin_at_once_begin_once(desk: Desk) -> None:
    fresh = import_cursors.ImportCursor("phones", "digest", as_of=NOW, begun_at=NOW)

    async def begin() -> bool:
        async with desk.database.begin() as tx:
            return await import_cursors.begin(tx, fresh)

    assert sorted(await asyncio.gather(begin(), begin())) == [False, True]


async def test_rejects_never_replace_another_file(desk: Desk) -> None:
    desk.rejects.write_text("my thesis")
    with pytest.raises(ConfigRefused, match="would replace another file"):
        await desk.import_text("phone,external_id\nx,7\n")
    assert desk.rejects.read_text() == "my thesis"


async def test_a_ring_is_answered_while_a_slice_is_not_yet_committed(desk: Desk) -> None:
    """The slice holds its locks on the very entry that rings; a look-up waits for nothing."""
    await desk.import_text("phone,external_id,name\n13800138000,7,before\n")
    at = datetime(2031, 1, 1, tzinfo=UTC)
    staged = identity_import.StagedKey("+8613800138000", "", "crm", "customer", "7", "00138000", at, display_name="after")
    async with desk.database.begin() as tx:
        assert await identity_import.merge(await driver(tx), [staged]) == 1
        async with asyncio.timeout(30):
            found = (await Memory(desk.database.pool).recall(Recall("+8613800138000", now=NOW))).found
        assert [key.display_name for key in found.keys] == ["before"]
    found = (await Memory(desk.database.pool).recall(Recall("+8613800138000", now=NOW))).found
    assert [key.display_name for key in found.keys] == ["after"]


async def test_a_slice_gives_way_to_a_live_call_and_is_tried_again(desk: Desk) -> None:
    await desk.import_text("phone,external_id,name\n13800138000,7,before\n")
    async with desk.database.begin() as tx:
        await identity.forget(await driver(tx), of=("crm", "customer", "7"))
        text = "phone,external_id,name,seen_at\n13800138000,7,after,2031-01-01T00:00:00Z\n"
        importing_it = asyncio.create_task(desk.import_text(text, name="more.csv"))
        done, _ = await asyncio.wait([importing_it], timeout=1.3)
        assert not done
    await importing_it
    assert await desk.rows("SELECT display_name FROM identity_keys") == [("after",)]
