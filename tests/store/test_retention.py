"""Nothing is kept past its term: by a virtual clock, in lots, and only what the term is about."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from tests.waiting import held_up

from tieline.domain.match_shared import CHOICES_WITHIN
from tieline.push.channel import LIVE_AT_MOST
from tieline.security.field_catalogue import field_catalogue
from tieline.services.housekeeping import Retention
from tieline.services.privacy import retention
from tieline.store import driver_rows, retention_rows
from tieline.store.database import Database

NOW = datetime(2026, 11, 26, 4, tzinfo=UTC)
TERMS = field_catalogue().retention
FILL = {
    "calls": "INSERT INTO interactions (id, provider, call_key, direction, state, started_at, last_event_at, settled_at)"
    " VALUES (%(id)s, 'pbx', %(id)s::text, 'inbound', 'ended', %(at)s, %(at)s, %(at)s)",
    "recordings": "INSERT INTO interactions (id, provider, call_key, direction, state, started_at, last_event_at, recording_ref)"
    " VALUES (%(id)s, 'pbx', %(id)s::text, 'inbound', 'ended', %(at)s, %(at)s, 'rec')",
    "tickets": "INSERT INTO tickets (id, number, subject, status, priority, source, created_by, created_at, updated_at, version,"
    " closed_at) VALUES (%(id)s, nextval('ticket_numbers'), 's', 'closed', 'low', 'agent', 'x', %(at)s, %(at)s, 1, %(at)s)",
    "feedback": "INSERT INTO feedback (id, kind, channel, at, received_at, received_by)"
    " VALUES (%(id)s, 'praise', 'phone', %(at)s, %(at)s, 'x')",
    "reviews": "INSERT INTO review_items (id, kind, subject_key, state, first_at, last_at, expires_at)"
    " VALUES (%(id)s, 'k', %(id)s::text, 'rejected', %(at)s, %(at)s, %(at)s)",
    "approvals": "INSERT INTO approvals (id, action, digest, details, asked_by, behind, asked_at, expires_at)"
    " VALUES (%(id)s, 'key.change', 'd', '{}', 'x', '{}', %(at)s, %(at)s)",
    "arrival_bodies": "INSERT INTO inbox (id, connection, dedupe_key, kind, body, received_at, state)"
    " VALUES (%(id)s, 'crm', %(id)s::text, 'webhook', 'said', %(at)s, 'done')",
    "unread_bodies": "INSERT INTO inbox (id, connection, dedupe_key, kind, body, received_at, state)"
    " VALUES (%(id)s, 'crm', %(id)s::text, 'webhook', 'said', %(at)s, 'quarantined')",
}
LEFT = {
    "calls": "SELECT count(*) FROM interactions",
    "recordings": "SELECT count(*) FROM interactions WHERE recording_ref IS NOT NULL",
    "tickets": "SELECT count(*) FROM tickets",
    "feedback": "SELECT count(*) FROM feedback",
    "reviews": "SELECT count(*) FROM review_items",
    "approvals": "SELECT count(*) FROM approvals",
    "arrival_bodies": "SELECT count(*) FROM inbox WHERE body <> ''",
    "unread_bodies": "SELECT count(*) FROM inbox WHERE body <> ''",
}


async def run(database: Database, statement: str, **values: object) -> list[tuple[object, ...]]:
    async with database.pool.connection() as connection:
        cursor = await connection.execute(statement.encode(), values)
        return list(await cursor.fetchall()) if cursor.description else []


async def test_each_goes_at_its_term_and_not_a_minute_before(database: Database) -> None:
    for name, statement in FILL.items():
        for early in (timedelta(minutes=-1), timedelta(minutes=1)):
            await run(database, statement, id=uuid4(), at=NOW - TERMS[name] + early)
    gone = await retention.let_go(database, NOW)
    assert gone == len(FILL)
    left = {name: (await run(database, query))[0][0] for name, query in LEFT.items()}
    assert left == {
        "calls": 3,
        "recordings": 1,
        "tickets": 1,
        "feedback": 1,
        "reviews": 1,
        "approvals": 1,
        "arrival_bodies": 2,
        "unread_bodies": 2,
    }
    assert await retention.let_go(database, NOW) == 0


async def test_what_is_under_way_stays_however_old(database: Database) -> None:
    long_ago = NOW - timedelta(days=5_000)
    for name in ("calls", "tickets", "reviews"):
        await run(database, FILL[name], id=uuid4(), at=long_ago)
    await run(database, "UPDATE interactions SET settled_at = NULL")
    await run(database, "UPDATE tickets SET status = 'open', closed_at = NULL")
    await run(database, "UPDATE review_items SET state = 'open'")
    assert await retention.let_go(database, NOW) == 0


async def test_more_than_a_lot_goes_lot_by_lot(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention_rows, "LOT", 4)
    monkeypatch.setattr(retention_rows, "OVER", {"feedback": retention_rows.OVER["feedback"].replace("LIMIT 1000", "LIMIT 4")})
    monkeypatch.setattr(retention_rows, "TERM_OF", {"feedback": "feedback"})
    for _ in range(10):
        await run(database, FILL["feedback"], id=uuid4(), at=NOW - TERMS["feedback"] * 2)
    assert await retention.let_go(database, NOW) == 10


def test_every_term_of_the_catalogue_is_kept_by_somebody() -> None:
    tidied = {"cards", "codes", "traces", "arrivals", "deliveries", "newest_news", "happenings", "choices", "refused_surveys"}
    by_themselves = {"answers", "sessions", "keys"}
    assert set(TERMS) == set(retention_rows.TERM_OF.values()) | tidied | by_themselves | {"audit"}
    assert {name for name, statement in retention_rows.OVER.items() if "LIMIT" not in statement} == set()
    assert Retention().agent_events >= LIVE_AT_MOST + timedelta(hours=1)
    assert Retention().choices == CHOICES_WITHIN


async def test_a_ticket_that_begins_anew_at_this_very_moment_is_kept(database: Database) -> None:
    ticket = uuid4()
    await run(database, FILL["tickets"], id=ticket, at=NOW - TERMS["tickets"] - timedelta(minutes=1))
    async with database.begin() as tx:
        await driver_rows.execute(tx, "UPDATE tickets SET status = 'reopened' WHERE id = %(id)s", {"id": ticket})
        async with held_up(database, retention.let_go(database, NOW)) as gone:
            await tx.commit()
            assert await gone == 0
    assert await run(database, LEFT["tickets"]) == [(1,)]
