"""What is known of a number comes in one answer, and answers of several never mix."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import orjson
import pytest

from tieline.domain.errors import Overloaded
from tieline.store import identity, memory, number_marks
from tieline.store.database import Database
from tieline.store.identity import IdentityKey
from tieline.store.memory import Memory, Recall, Recalled

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
NUMBERS = [f"+861380013{number:04}" for number in range(40)]

CALLED = b"""
INSERT INTO interactions (id, provider, call_key, direction, customer_e164, customer_ref, state, outcome, started_at, answered_at,
                          ended_at, last_event_at, talk_s)
VALUES (%(id)s, 'pbx', %(key)s, 'inbound', %(e164)s, %(ref)s, 'ended', 'served', %(at)s, %(at)s, %(at)s, %(at)s, 61)
"""


async def called(database: Database, key: str, *, e164: str, at: datetime, ref: str | None = None) -> UUID:
    made = uuid4()
    async with database.pool.connection() as connection:
        await connection.execute(CALLED, {"id": made, "key": key, "e164": e164, "ref": ref, "at": at})
    return made


async def known(database: Database, e164: str, name: str) -> None:
    async with database.pool.connection() as connection:
        key = IdentityKey(e164=e164, connection="crm", external_id=name, seen_at=NOW, display_name=name)
        await identity.upsert(connection, [key])


def shape(recalled: Recalled) -> tuple[list[str], str | None, list[str]]:
    mark = recalled.found.mark.mark if recalled.found.mark is not None else None
    return [key.external_id for key in recalled.found.keys], mark, [call.call_id for call in recalled.past]


async def test_people_mark_and_calls_come_together(database: Database) -> None:
    number = NUMBERS[0]
    await known(database, number, "7")
    made = await called(database, "c-1", e164=number, at=NOW - timedelta(hours=1), ref="crm:7")
    async with database.begin() as tx:
        await number_marks.put_mark(tx, number, "shared", by="1001", now=NOW)
    recalled = await Memory(database.pool).recall(Recall(number, now=NOW))
    assert shape(recalled) == (["7"], "shared", ["c-1"])
    (call,) = recalled.past
    assert (call.interaction_id, call.started_at, call.talk_s, call.customer_ref) == (
        str(made),
        NOW - timedelta(hours=1),
        61,
        "crm:7",
    )


async def test_forty_who_ask_at_once_get_each_their_own(database: Database) -> None:
    for place, number in enumerate(NUMBERS):
        if place % 3:
            await known(database, number, f"person {place}")
        if place % 2:
            await called(database, f"call {place}", e164=number, at=NOW - timedelta(minutes=place))
    house = Memory(database.pool)
    answers = await asyncio.gather(*(house.recall(Recall(number, now=NOW)) for number in NUMBERS))
    assert [shape(answer) for answer in answers] == [
        ([f"person {place}"] if place % 3 else [], None, [f"call {place}"] if place % 2 else []) for place in range(40)
    ]


async def test_calls_of_the_last_week_without_the_one_that_rings(database: Database) -> None:
    number = NUMBERS[0]
    for key, ago in (("rings", timedelta(0)), ("recent", timedelta(days=6)), ("old", timedelta(days=8))):
        await called(database, key, e164=number, at=NOW - ago - timedelta(seconds=1))
    await called(database, "later", e164=number, at=NOW + timedelta(seconds=1))
    recalled = await Memory(database.pool).recall(Recall(number, now=NOW, leave_out=("pbx", "rings")))
    assert [call.call_id for call in recalled.past] == ["recent"]


async def test_a_customers_calls_from_other_numbers_count_and_none_counts_twice(database: Database) -> None:
    await called(database, "here", e164=NUMBERS[0], at=NOW - timedelta(hours=2), ref="crm:7")
    await called(database, "elsewhere", e164=NUMBERS[1], at=NOW - timedelta(hours=1), ref="crm:7")
    recalled = await Memory(database.pool).recall(Recall(NUMBERS[0], now=NOW, ref="crm:7"))
    assert [call.call_id for call in recalled.past] == ["elsewhere", "here"]


async def test_without_the_database_everybody_is_told(database: Database) -> None:
    house = Memory(database.pool)
    await database.pool.close()
    told = await asyncio.gather(*(house.recall(Recall(number, now=NOW)) for number in NUMBERS[:3]), return_exceptions=True)
    assert [type(error) for error in told] == [Overloaded] * 3


@pytest.mark.parametrize("written", ["+86 138'; --", "张", "\\", '"', ""])
async def test_a_number_is_only_ever_a_value(database: Database, written: str) -> None:
    assert shape(await Memory(database.pool).recall(Recall(written, now=NOW))) == ([], None, [])


FILL_CALLS = b"""
INSERT INTO interactions (id, provider, call_key, direction, customer_e164, customer_ref, state, started_at, last_event_at)
SELECT gen_random_uuid(), 'pbx', 'c-' || n, 'inbound', '+86138' || lpad((n % 4000)::text, 8, '0'), 'crm:' || n % 4000,
       'ended', timestamptz '2026-11-22 12:00+00' - n * interval '10 seconds', now()
FROM generate_series(1, 20000) AS n
"""
FILL_INDEX = b"""
INSERT INTO identity_keys (e164, last8, connection, external_kind, external_id, seen_at)
SELECT '+86138' || lpad(n::text, 8, '0'), lpad(n::text, 8, '0'), 'crm', 'customer', n, now() FROM generate_series(1, 20000) AS n
"""


async def test_nothing_is_read_from_end_to_end(database: Database) -> None:
    asked = orjson.dumps([memory._asked(0, Recall(NUMBERS[0], now=NOW, country_prefix="+86", ref="crm:7"))]).decode()
    async with database.pool.connection() as connection:
        for statement in (FILL_CALLS, FILL_INDEX, b"ANALYZE interactions, identity_keys", b"SET enable_seqscan = on"):
            await connection.execute(statement)
        plan = await (await connection.execute(b"EXPLAIN " + memory._STATEMENT, (asked,))).fetchall()
    told = "\n".join(line for (line,) in plan)
    assert "Seq Scan on interactions" not in told
    assert "Seq Scan on identity_keys" not in told
