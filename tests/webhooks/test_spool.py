"""The spool: what is thanked for is on disk, sealed, and comes into the inbox once; what finds no room is refused."""

import asyncio
import base64
import itertools
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from uuid import UUID

import orjson
import pytest
from structlog.testing import capture_logs
from tests.flows.door import patiently

from tieline.domain.errors import Overloaded
from tieline.kit.ids import time_ordered_id
from tieline.security.secret_box import SecretBox
from tieline.services.webhooks.spooling import SpooledInbox
from tieline.store.database import Database
from tieline.store.inbox import Arrival
from tieline.store.spool import Spool
from tieline.store.webhook_inbox import WebhookInbox

ROOMY: Final = 2**20
NOT_AN_HOUR_S: Final = 120
MARK: Final = "13800138000"
MARKS: Final = (MARK.encode(), base64.b64encode(f'{{"from": "{MARK}"'.encode())[:24], b"dedupe_key", b"shop")
"""What the spool must not show: a body goes into it in base64, so the number alone would be hidden by that."""


def spool_in(folder: Path, *, most_bytes: int = ROOMY, key: Path | None = None) -> Spool:
    names = (f"{number:04}-{os.urandom(4).hex()}" for number in itertools.count())
    return Spool(folder / "spool", SecretBox.open(key or folder / "key"), most_bytes=most_bytes, new_name=lambda: next(names))


def arrival(number: int) -> Arrival:
    now = datetime.now(UTC)
    body = f'{{"from": "{MARK}", "n": {number}}}'.encode()
    return Arrival(UUID(time_ordered_id(now)), "shop", f"d-{number}", "event", body, now, {":method": "POST"})


def texts_in(spool: Spool) -> list[str]:
    found: list[str] = []
    for path in spool.files():
        with spool.claimed(path) as texts:
            found += texts or []
    return found


@pytest.fixture
def back(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """A database that is away until the event is set."""
    back = asyncio.Event()
    put, probe = WebhookInbox.put, WebhookInbox.probe

    async def put_if_back(self: WebhookInbox, rows: list[bytes]) -> frozenset[str]:
        if not back.is_set():
            raise Overloaded(code="database_busy")
        return await put(self, rows)

    async def probe_if_back(self: WebhookInbox) -> None:
        if not back.is_set():
            raise Overloaded(code="database_busy")
        await probe(self)

    monkeypatch.setattr(WebhookInbox, "put", put_if_back)
    monkeypatch.setattr(WebhookInbox, "probe", probe_if_back)
    return back


async def kept(database: Database) -> list[tuple[str, bytes]]:
    async with database.pool.connection() as connection:
        query = b"SELECT dedupe_key, body FROM inbox JOIN inbox_work ON inbox_id = id ORDER BY received_at"
        return await (await connection.execute(query)).fetchall()


async def test_what_comes_while_the_database_is_away_is_there_once_when_it_is_back(
    database: Database, tmp_path: Path, back: asyncio.Event
) -> None:
    door = SpooledInbox(WebhookInbox(database.pool), spool_in(tmp_path))
    told = [arrival(number) for number in range(20)]
    assert [await door.keep(one) for one in (*told, told[3])] == ["spooled"] * 21
    on_disk = b"".join(file.read_bytes() for file in (tmp_path / "spool").iterdir())
    assert [mark for mark in MARKS if mark in on_disk] == []
    draining = asyncio.create_task(door.drain_for_ever())
    back.set()
    while await door.keep(arrival(99)) == "spooled":  # noqa: ASYNC110 - it says so itself
        await asyncio.sleep(0.02)
    assert await door.keep(told[5]) == "repeat"
    async for _ in patiently("what is in the inbox stays in the spool"):
        if not list((tmp_path / "spool").iterdir()):
            break
    draining.cancel()
    await asyncio.wait([draining])
    found = await kept(database)
    assert [(key, body) for key, body in found if key != "d-99"] == [(one.dedupe_key, one.body) for one in told]


async def test_as_soon_as_one_finds_the_database_away_all_who_wait_for_it_go_to_the_spool(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twenty are under way, with an hour's patience; the first is refused, and the database says nothing to the others."""
    asked, refused = asyncio.Event(), asyncio.Event()

    async def refuse_one_and_be_silent(_self: WebhookInbox, rows: list[bytes]) -> frozenset[str]:
        asked.set()
        await (refused if len(rows) == 1 else asyncio.Event()).wait()
        raise Overloaded(code="database_busy")

    monkeypatch.setattr(WebhookInbox, "put", refuse_one_and_be_silent)
    spool = spool_in(tmp_path)
    door = SpooledInbox(WebhookInbox(database.pool, answer_within_s=3600), spool)
    with capture_logs() as logs:
        first = asyncio.create_task(door.keep(arrival(0)))
        await asyncio.wait_for(asked.wait(), NOT_AN_HOUR_S)
        others = [asyncio.create_task(door.keep(arrival(number))) for number in range(1, 20)]
        await asyncio.sleep(0)
        refused.set()
        told = await asyncio.wait_for(asyncio.gather(first, *others), NOT_AN_HOUR_S)
        assert await asyncio.wait_for(door.keep(arrival(20)), NOT_AN_HOUR_S) == "spooled"
    assert told == ["spooled"] * 20
    assert sorted(orjson.loads(text)["dedupe_key"] for text in texts_in(spool)) == sorted(f"d-{number}" for number in range(21))
    assert [log["event"] for log in logs] == ["webhooks.spooling"], "said once"


async def test_what_finds_no_room_is_refused_and_leaves_nothing_behind(
    database: Database, tmp_path: Path, back: asyncio.Event
) -> None:
    del back
    door = SpooledInbox(WebhookInbox(database.pool), spool_in(tmp_path, most_bytes=1000))
    assert await door.keep(arrival(1)) == "spooled"
    size = spool_in(tmp_path).size()
    for number in range(2, 9):
        if size + 500 > 1000:
            with pytest.raises(Overloaded, match="full"):
                await door.keep(arrival(number))
    assert spool_in(tmp_path).size() == size


async def test_without_a_spool_the_sender_is_told_to_come_again(database: Database, back: asyncio.Event) -> None:
    del back
    with pytest.raises(Overloaded):
        await SpooledInbox(WebhookInbox(database.pool), None).keep(arrival(1))


def test_a_frame_a_power_cut_left_half_written_costs_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    spool = spool_in(tmp_path)
    spool.append(["first", "second"])
    (file,) = spool.files()
    file.write_bytes(file.read_bytes() + (500).to_bytes(4) + b"half")
    assert texts_in(spool) == ["first", "second"]
    assert spool.files() == []


def test_a_disk_that_is_full_in_the_middle_takes_back_what_it_wrote(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spool = spool_in(tmp_path)
    spool.append(["first"])
    write = os.write

    def half(descriptor: int, content: bytes) -> int:
        monkeypatch.setattr(os, "write", broken)
        return write(descriptor, content[: len(content) // 2])

    def broken(_descriptor: int, _content: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", half)
    with pytest.raises(Overloaded):
        spool.append(["lost"])
    monkeypatch.undo()
    spool.append(["second"])
    assert texts_in(spool) == ["first", "second"]


def test_a_living_processes_file_is_left_alone_and_a_dead_ones_taken(tmp_path: Path) -> None:
    living, finder = spool_in(tmp_path), spool_in(tmp_path)
    living.append(["mine"])
    assert texts_in(finder) == []
    living.close()  # as the system does for a process that dies
    assert (texts_in(finder), texts_in(finder)) == (["mine"], [])


def test_what_was_altered_or_moved_is_laid_aside_and_not_believed(tmp_path: Path) -> None:
    spool = spool_in(tmp_path)
    spool.append(["true"])
    (file,) = spool.files()
    file.rename(file.with_name("0000-moved.spool"))
    with capture_logs() as said:
        assert texts_in(spool) == []
    assert [line["event"] for line in said] == ["spool.unreadable"]
    assert [one.name for one in (tmp_path / "spool").iterdir()] == ["0000-moved.unreadable"]


def test_what_another_servers_key_has_sealed_is_laid_aside_and_kept(tmp_path: Path) -> None:
    other = spool_in(tmp_path, key=tmp_path / "elsewhere")
    other.append(["true"])
    other.close()
    (file,) = (tmp_path / "spool").iterdir()
    content = file.read_bytes()
    with capture_logs() as said:
        assert texts_in(spool_in(tmp_path)) == []
    assert [(line["event"], line["code"]) for line in said] == [("spool.unreadable", "secret_unreadable")]
    assert [one.read_bytes() for one in (tmp_path / "spool").iterdir()] == [content]


def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    spool = spool_in(tmp_path)
    spool.append(["true"])
    (file,) = spool.files()
    assert (file.parent.stat().st_mode & 0o777, file.stat().st_mode & 0o777) == (0o700, 0o600)
