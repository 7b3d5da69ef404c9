"""What must be told after a breach comes out of the audit: who saw whom in a period, and whether the audit can be believed."""

import csv
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tieline.domain.errors import ConfigRefused
from tieline.security.audit_signing import AuditSigner
from tieline.security.permissions import Caller
from tieline.security.secret_box import SecretBox
from tieline.services.audit_chain import seal_new
from tieline.services.house import House
from tieline.services.privacy.breach import write_pack
from tieline.store import audit_trail
from tieline.store.breach import Period
from tieline.store.database import Database
from tieline.store.journal_rows import AuditRow

NOW = datetime(2026, 11, 26, 10, tzinfo=UTC)
BOX = SecretBox({1: bytes(range(32))})
OFFICER = Caller("dpo", "dpo", frozenset())
HOUR = timedelta(hours=1)


def house_with(database: Database) -> House:
    return cast("House", SimpleNamespace(database=database, box=BOX, clock=lambda: NOW))


async def note(database: Database, at: datetime, actor: str, action: str, subject: str | None, **details: Any) -> None:  # noqa: ANN401 - JSON
    async with database.begin() as tx:
        await audit_trail.write(tx, AuditRow(at=at, actor=actor, action=action, subject=subject, details=details))


def rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8-sig", newline="") as read:
        return list(csv.DictReader(read))


async def test_who_saw_whom_and_nothing_from_outside_the_period(database: Database, tmp_path: Path) -> None:
    await note(database, NOW - 5 * HOUR, "agent:1001", "customer.read", "crm:before")
    await note(database, NOW - 3 * HOUR, "agent:1001", "customer.read", "crm:1")
    await note(database, NOW - 2 * HOUR, "agent:1001", "customer.revealed", "crm:1", field="phones")
    await note(database, NOW - 2 * HOUR, "key:abc", "customer.searched", None, found=["crm:1", "crm:2"])
    await note(database, NOW - 2 * HOUR, "key:abc", "connection.paused", "crm")
    await note(database, NOW, "agent:1001", "customer.read", "crm:after")
    await seal_new(database, AuditSigner.of(BOX), now=NOW)
    folder = tmp_path / "pack"
    pack = await write_pack(house_with(database), Period(NOW - 4 * HOUR, NOW), folder, caller=OFFICER)
    assert (pack.actors, pack.people, pack.entries, pack.revealed_fields, pack.sound) == (2, 2, 3, 1, True)
    whom = {row["subject"]: row for row in rows(folder / "whom.csv")}
    assert {name: row["actors"] for name, row in whom.items()} == {"crm:1": "agent:1001 key:abc", "crm:2": "key:abc"}
    assert (whom["crm:1"]["revealed"], whom["crm:1"]["times"]) == ("phones", "3")
    assert {(row["actor"], row["action"]) for row in rows(folder / "who.csv")} == {
        ("agent:1001", "customer.read"),
        ("agent:1001", "customer.revealed"),
        ("key:abc", "customer.searched"),
    }
    assert json.loads((folder / "pack.json").read_bytes())["people"] == 2
    assert {file.stat().st_mode & 0o077 for file in (folder, *folder.iterdir())} == {0}


async def test_of_one_actor_only_and_into_a_new_folder_only(database: Database, tmp_path: Path) -> None:
    await note(database, NOW - HOUR, "agent:1001", "pop.shown", "crm:1")
    await note(database, NOW - HOUR, "agent:1002", "pop.shown", "crm:2")
    period = Period(NOW - 2 * HOUR, NOW, "agent:1002")
    pack = await write_pack(house_with(database), period, tmp_path / "pack", caller=OFFICER)
    assert (pack.people, pack.actors) == (1, 1)
    for wrong in (period, Period(NOW, NOW)):
        with pytest.raises(ConfigRefused):
            await write_pack(house_with(database), wrong, tmp_path / "pack", caller=OFFICER)
    async with database.read() as conn:
        noted = await audit_trail.page(conn, audit_trail.AuditFilter(action="privacy.breach_pack"), before=None, limit=9)
    assert [entry.actor for entry in noted] == ["dpo"]
