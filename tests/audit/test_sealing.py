"""The chain on a real database: grown while many write, sealed by one of several, and every touch of a row found."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from tieline.domain.audit_chain import Verdict
from tieline.security.audit_signing import AuditSigner
from tieline.security.secret_box import SecretBox
from tieline.services import audit_chain
from tieline.services.audit_chain import SEALED_WITHIN, seal_new, stated, verify
from tieline.store.database import Database
from tieline.store.journal import Append, AuditRow, Journal

NOW = datetime(2026, 11, 26, 10, 0, tzinfo=UTC)
SIGNER = AuditSigner.of(SecretBox({1: bytes(range(32))}))
TABLES = ("audit_entries", "audit_seals", "audit_checkpoints")


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = await Database.open(database_url, pool_size=6)
    yield opened
    await opened.aclose()


async def write(database: Database, count: int, *, at: datetime = NOW) -> None:
    journal = Journal(database.pool)
    rows = [
        AuditRow(at=at, actor=f"agent:{number}", action="pop.shown", details={"n": number, "名": "x"}) for number in range(count)
    ]
    await asyncio.gather(*(journal.append(Append(audit=row)) for row in rows))
    await journal.close()


async def tampered(database: Database, statement: str) -> None:
    """Do what only the owner of the tables can: switch the triggers off, change, and leave no trace of it."""
    async with database.pool.connection() as connection, connection.transaction():
        for table in TABLES:
            await connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER".encode())
        await connection.execute(statement.encode())
        for table in TABLES:
            await connection.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER".encode())


async def test_what_was_written_is_sealed_once_by_whoever_comes_first(database: Database) -> None:
    await write(database, 40)
    sealed = await asyncio.gather(*(seal_new(database, SIGNER, now=NOW) for _ in range(3)))
    assert sum(sealed) == 40
    assert await seal_new(database, SIGNER, now=NOW) == 0
    assert (await verify(database, SIGNER.checker, now=NOW)).checked == 40


async def test_sealing_goes_on_while_others_write(database: Database) -> None:
    async def keep_sealing() -> int:
        return sum([await seal_new(database, SIGNER, now=NOW) for _ in range(10)])

    _, _, sealed = await asyncio.gather(write(database, 150), write(database, 150), keep_sealing())
    sealed += await seal_new(database, SIGNER, now=NOW)
    verdict = await verify(database, SIGNER.checker, now=NOW)
    assert (sealed, verdict.sound, verdict.checked) == (300, True, 300)


async def test_a_checkpoint_a_minute_and_none_where_nothing_is_new(database: Database) -> None:
    for minute in (0, 0.5, 1, 2):
        if minute < 2:
            await write(database, 1)
        await seal_new(database, SIGNER, now=NOW + timedelta(minutes=minute))
    assert [(one.number, one.at - NOW) for one in await stated(database)] == [(1, timedelta(0)), (3, timedelta(minutes=1))]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entries SET actor = 'agent:7' WHERE seq = (SELECT min(seq) + 5 FROM audit_entries)",
        "UPDATE audit_entries SET at = at + interval '1 microsecond' WHERE seq = (SELECT min(seq) + 5 FROM audit_entries)",
        "UPDATE audit_entries SET details = details || '{\"n\": 6}' WHERE seq = (SELECT min(seq) + 5 FROM audit_entries)",
        "DELETE FROM audit_entries WHERE seq = (SELECT min(seq) + 5 FROM audit_entries)",
        "DELETE FROM audit_seals WHERE number = 6",
        "UPDATE audit_seals SET seq = -1 WHERE number = 6",
        "DELETE FROM audit_seals WHERE number > 15",
        "UPDATE audit_checkpoints SET number = 12",
        "INSERT INTO audit_seals VALUES (-1, sha256(''), 1000000000)",
        "INSERT INTO audit_seals VALUES (0, sha256(''), 1000000000)",
        "INSERT INTO audit_seals VALUES (1000000000000000000, sha256(''), 1000000000)",
    ],
)
async def test_every_touch_is_found(database: Database, statement: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_chain, "STRETCH", 6)
    await write(database, 20)
    await seal_new(database, SIGNER, now=NOW)
    assert (await verify(database, SIGNER.checker, now=NOW)) == Verdict(20)
    await tampered(database, statement)
    assert not (await verify(database, SIGNER.checker, now=NOW)).sound


async def test_a_tail_cut_off_with_its_checkpoints_is_found_by_those_kept_elsewhere(database: Database) -> None:
    await write(database, 20)
    await seal_new(database, SIGNER, now=NOW)
    kept = await stated(database)
    for table, column in (("audit_entries", "seq > (SELECT min(seq) + 9 FROM audit_entries)"), ("audit_seals", "number > 10")):
        await tampered(database, f"DELETE FROM {table} WHERE {column}")  # noqa: S608 - constants
    await tampered(database, "DELETE FROM audit_checkpoints")
    assert (await verify(database, SIGNER.checker, now=NOW)).sound
    assert "ends after 10" in (await verify(database, SIGNER.checker, elsewhere=kept, now=NOW)).why


async def test_an_entry_put_where_nobody_seals_any_more_is_found(database: Database) -> None:
    await write(database, 5)
    await seal_new(database, SIGNER, now=NOW)
    await write(database, 1)
    assert (await verify(database, SIGNER.checker, now=NOW)).sound
    assert "in no chain" in (await verify(database, SIGNER.checker, now=NOW + SEALED_WITHIN * 2)).why


@pytest.mark.parametrize("table", TABLES)
async def test_the_database_refuses_change_to_whoever_does_not_rule_it(database: Database, table: str) -> None:
    async with database.pool.connection() as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await connection.execute(f"DELETE FROM {table}".encode())  # noqa: S608 - a constant
