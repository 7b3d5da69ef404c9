"""What one look-up teaches the index of numbers stands there whole or not at all."""

from datetime import UTC, datetime

from tests.flows.door import SHARED, patiently

from tieline.domain.customer import Customer
from tieline.domain.line import Line
from tieline.domain.phone_normalise import normalise
from tieline.domain.references import ExternalRef
from tieline.services.index_keeper import IndexKeeper, Lesson
from tieline.store import identity
from tieline.store.database import Database
from tieline.store.identity import IdentityKey
from tieline.store.memory import Memory, Recall

NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
LINE = Line(number="+861065543800", name="Support")
WAITING_FOR_A_LOCK = b"SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


def customer(identifier: str) -> Customer:
    return Customer(ref=ExternalRef.parse(f"crm:{identifier}"), name=identifier, phones=(SHARED,))


async def carriers(database: Database) -> list[str]:
    found = (await Memory(database.pool).recall(Recall(SHARED, now=NOW))).found
    return sorted(key.external_id for key in found.keys)


async def test_a_number_of_two_people_never_looks_like_the_number_of_one(database: Database) -> None:
    keeper = IndexKeeper(database)
    keeper.start()
    caller = normalise(SHARED, line=LINE)
    async with database.pool.connection() as connection, connection.transaction(force_rollback=True):
        await identity.upsert(connection, [IdentityKey(SHARED, "crm", "second", NOW)])  # makes whoever writes it wait
        keeper.learn(Lesson((customer("first"), customer("second")), caller, ()), line=LINE, now=NOW)
        async with database.pool.connection() as watching:
            async for _ in patiently("the second record was never written"):
                if await (await watching.execute(WAITING_FOR_A_LOCK)).fetchall():
                    break
        assert await carriers(database) == []
    await keeper.settle()
    assert await carriers(database) == ["first", "second"]
    await keeper.aclose()
