import asyncio
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from tieline.domain.errors import Overloaded
from tieline.store.database import Database
from tieline.store.journal import Append, AuditRow, Journal, PopRow

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)


def asked(subject: str) -> Append:
    return Append(audit=AuditRow(at=NOW, actor="1001", action="customer.looked_up", subject=subject, details={"fields": 3}))


def popped(pop_id: str, *, seq: int = 0, match_state: str | None = None, trace: dict[str, Any] | None = None) -> Append:
    return Append(pop=PopRow(id=pop_id, state="answered", promised_at=NOW, seq=seq, match_state=match_state, trace=trace or {}))


async def rows(database: Database, query: str) -> list[tuple[Any, ...]]:
    async with database.pool.connection() as connection:
        return await (await connection.execute(query.encode())).fetchall()


async def audited(database: Database) -> int:
    return int((await rows(database, "SELECT count(*) FROM audit_entries"))[0][0])


async def test_a_row_is_there_when_append_returns(database: Database) -> None:
    await Journal(database.pool).append(asked("crm:1"))
    found = await rows(database, "SELECT at, actor, action, subject, details FROM audit_entries")
    assert found == [(NOW, "1001", "customer.looked_up", "crm:1", {"fields": 3})]


async def test_audit_and_pop_of_one_caller_are_written_together(database: Database) -> None:
    both = Append(audit=asked("crm:1").audit, pop=PopRow(id="p-1", state="answered", promised_at=NOW, agent="1001", seq=2))
    await Journal(database.pool).append(both)
    assert (await audited(database), await rows(database, "SELECT id, agent, seq FROM pops")) == (
        1,
        [("p-1", "1001", 2)],
    )


async def test_callers_who_come_meanwhile_share_a_commit(database: Database) -> None:
    journal = Journal(database.pool)
    await asyncio.gather(*(journal.append(asked(f"crm:{number}")) for number in range(200)))
    commits = await rows(database, "SELECT count(DISTINCT xmin::text), count(*) FROM audit_entries")
    assert commits == [(1, 200)]


async def test_a_full_batch_begins_another(database: Database) -> None:
    journal = Journal(database.pool)
    await asyncio.gather(*(journal.append(asked(f"crm:{number}")) for number in range(1200)))
    commits = await rows(database, "SELECT count(DISTINCT xmin::text), count(*) FROM audit_entries")
    assert commits == [(3, 1200)]


async def test_the_same_pop_again_replaces_what_was_seen_and_keeps_its_state(database: Database) -> None:
    journal = Journal(database.pool)
    await journal.append(popped("p-1", seq=5, match_state="maybe"))
    await asyncio.gather(
        journal.append(popped("p-1", seq=1, match_state="none")),
        journal.append(popped("p-1", seq=3, match_state="known", trace={"rule": "exact"})),
        journal.append(popped("p-2")),
    )
    found = await rows(database, "SELECT id, seq, match_state, trace FROM pops ORDER BY id")
    assert found == [("p-1", 5, "known", {"rule": "exact"}), ("p-2", 0, None, {})]


@pytest.mark.parametrize(
    ("bad", "error"),
    [
        pytest.param(asked("nul \0"), psycopg.DataError, id="a NUL in text"),
        pytest.param(asked("lone \ud800"), TypeError, id="a lone surrogate"),
        pytest.param(popped("p", trace={"nul": "\0"}), psycopg.DataError, id="a NUL in JSON"),
        pytest.param(popped("p", seq=2**40), psycopg.Error, id="a number too large"),
        pytest.param(popped("p", trace={"x": object()}), TypeError, id="no form in JSON"),
    ],
)
async def test_a_refused_row_fails_alone(database: Database, bad: Append, error: type[Exception]) -> None:
    journal = Journal(database.pool)
    answers = await asyncio.gather(
        journal.append(asked("crm:1")), journal.append(bad), journal.append(asked("crm:2")), return_exceptions=True
    )
    assert [type(answer) for answer in answers[::2]] == [type(None), type(None)]
    assert isinstance(answers[1], error)
    assert await audited(database) == 2


async def test_when_the_database_is_away_every_waiter_learns_it(database_url: str) -> None:
    database = await Database.open(database_url, acquire_timeout_s=0.2)
    journal = Journal(database.pool)
    await database.pool.close()
    answers = await asyncio.gather(*(journal.append(asked("crm:1")) for _ in range(5)), return_exceptions=True)
    await database.aclose()
    assert [type(answer) for answer in answers] == [Overloaded] * 5


async def test_a_cancelled_waiter_takes_nothing_from_the_others(database: Database) -> None:
    journal = Journal(database.pool)
    waiters = [asyncio.create_task(journal.append(asked(f"crm:{number}"))) for number in range(10)]
    await asyncio.sleep(0)
    waiters[0].cancel()
    waiters[7].cancel()
    answers = await asyncio.gather(*waiters, return_exceptions=True)
    assert [number for number, answer in enumerate(answers) if isinstance(answer, asyncio.CancelledError)] == [0, 7]
    assert await audited(database) == 10


async def test_beyond_its_limit_the_journal_refuses_at_once_and_recovers(database: Database) -> None:
    journal = Journal(database.pool, waiting_limit=3)
    answers = await asyncio.gather(*(journal.append(asked("crm:1")) for _ in range(5)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [type(None)] * 3 + [Overloaded] * 2
    await journal.append(asked("crm:2"))
    assert await audited(database) == 4


async def test_close_waits_for_what_was_taken_and_takes_no_more(database: Database) -> None:
    journal = Journal(database.pool)
    waiters = [asyncio.create_task(journal.append(asked("crm:1"))) for _ in range(20)]
    await asyncio.sleep(0)
    await journal.close()
    assert await audited(database) == 20
    with pytest.raises(Overloaded):
        await journal.append(asked("crm:2"))
    await asyncio.gather(*waiters)
