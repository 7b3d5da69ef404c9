from datetime import UTC, datetime

import psycopg
import pytest

from tieline.store import audit_trail
from tieline.store.audit_trail import AuditFilter
from tieline.store.database import Database
from tieline.store.journal import AuditRow

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)


async def write(database: Database, *rows: AuditRow) -> None:
    async with database.begin() as tx:
        for row in rows:
            await audit_trail.write(tx, row)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE audit_entries SET actor = 'somebody else'",
        "UPDATE audit_entries SET actor = 'somebody else' WHERE false",
        "DELETE FROM audit_entries",
        "TRUNCATE audit_entries",
        "INSERT INTO audit_entries (seq, at, actor, action) VALUES (1, now(), 'forged', 'x')",
    ],
)
async def test_what_is_written_stays_written(database: Database, change: str) -> None:
    await write(database, AuditRow(at=NOW, actor="1001", action="customer.looked_up"))
    async with database.pool.connection() as connection:
        with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.GeneratedAlways)):
            await connection.execute(change.encode())
        assert await (await connection.execute("SELECT actor FROM audit_entries")).fetchall() == [("1001",)]


async def test_entries_are_found_by_actor_and_by_subject_newest_first(database: Database) -> None:
    rows = [
        AuditRow(at=NOW, actor=actor, action="customer.looked_up", subject=subject, details={"number": number})
        for number, (actor, subject) in enumerate([("1001", "crm:1"), ("1002", "crm:1"), ("1001", "crm:2"), ("1001", "crm:1")])
    ]
    await write(database, *rows)

    async def numbers(wanted: AuditFilter) -> list[int]:
        async with database.read() as conn:
            return [entry.details["number"] for entry in await audit_trail.page(conn, wanted, before=None, limit=10)]

    assert await numbers(AuditFilter(actor="1001")) == [3, 2, 0]
    assert await numbers(AuditFilter(subject="crm:1")) == [3, 1, 0]
    assert await numbers(AuditFilter(actor="1001", subject="crm:1")) == [3, 0]


async def test_pages_follow_one_another_while_new_entries_arrive(database: Database) -> None:
    await write(database, *(AuditRow(at=NOW, actor="1001", action=str(number)) for number in range(5)))
    seen: list[str] = []
    before: int | None = None
    async with database.read() as conn:
        while part := await audit_trail.page(conn, AuditFilter(), before=before, limit=2):
            seen += [entry.action for entry in part]
            before = part[-1].seq
            await write(database, AuditRow(at=NOW, actor="1001", action="later"))
    assert seen == ["4", "3", "2", "1", "0"]
