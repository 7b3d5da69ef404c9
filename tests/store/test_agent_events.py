"""The agents' live channel over a real Postgres: order, resumption, two replicas, a server that goes away."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import psycopg
import pytest
from sqlalchemy.ext.asyncio import AsyncConnection
from tests.waiting import ADVISORY_HERE

from tieline.domain.agent_event import AgentEvent, AgentEventKind
from tieline.domain.errors import Overloaded
from tieline.push import channel as channel_module
from tieline.push.channel import Channel, Delivery
from tieline.store import migrate
from tieline.store.agent_events import AgentEventLog, forget
from tieline.store.database import Database
from tieline.store.embedded import EmbeddedPostgres

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
PATIENCE_S = 20


def event(pop_id: str, seq: int, kind: AgentEventKind = "pop.update", agent: str = "1001") -> AgentEvent:
    payload = {"pop_id": pop_id, "reason": "caller_hung_up"} if kind == "pop.withdraw" else {"pop_id": pop_id}
    return AgentEvent(agent, kind, pop_id, seq, payload)


@asynccontextmanager
async def replica(url: str, now: datetime | None = None) -> AsyncIterator[Channel[AsyncConnection]]:
    database = await Database.open(url, pool_size=8)
    channel: Channel[AsyncConnection] = Channel(AgentEventLog(database), clock=lambda: now or NOON)
    try:
        yield channel
    finally:
        await channel.aclose()
        await database.aclose()


async def take(stream: AsyncGenerator[Delivery, None], count: int) -> list[Delivery]:
    async with asyncio.timeout(PATIENCE_S):
        return [await anext(stream) for _ in range(count)]


def roll_of(delivery: Delivery) -> tuple[list[str], list[str]]:
    roll = orjson.loads(delivery.data)
    return roll["live"], [entry["pop"]["pop_id"] for entry in roll["recent"]]


async def test_what_one_replica_publishes_another_delivers(database_url: str) -> None:
    async with replica(database_url) as here, replica(database_url) as there, aclosing(there.subscribe("1001")) as screen:
        (greeting,) = await take(screen, 1)
        waiting = asyncio.create_task(take(screen, 1))
        sent = await here.publish(event("p1", 1, "pop.show"))
        (received,) = await waiting
    assert (greeting.kind, greeting.id) == ("resync", 0)
    assert (received.kind, received.id) == ("pop.show", sent)
    assert orjson.loads(received.data) == {"pop_id": "p1", "seq": 1, "at": "2026-11-22T12:00:00Z"}


async def test_an_event_for_one_agent_reaches_no_other(database_url: str) -> None:
    async with replica(database_url) as here, aclosing(here.subscribe("1002")) as other:
        await take(other, 1)
        await here.publish(event("p1", 1))
        await here.publish(event("p2", 1, agent="1002"))
        (received,) = await take(other, 1)
    assert orjson.loads(received.data)["pop_id"] == "p2"


async def test_a_screen_that_keeps_reconnecting_misses_nothing_and_gets_nothing_twice(database_url: str) -> None:
    async with replica(database_url) as here, replica(database_url) as there:
        start = await here.publish(event("p0", 0))

        async def ring(pop: int) -> list[int]:
            return [await (here, there)[(pop + seq) % 2].publish(event(f"p{pop}", seq)) for seq in range(25)]

        rings = [asyncio.create_task(ring(pop)) for pop in range(1, 5)]
        seen: list[int] = []
        while len(seen) < 100:
            position = seen[-1] if seen else start
            async with aclosing(there.subscribe("1001", position)) as screen:
                seen.extend(delivery.id or 0 for delivery in await take(screen, min(7, 100 - len(seen))))
        sent = [identifier for ring_ids in await asyncio.gather(*rings) for identifier in ring_ids]
    assert seen == sorted(sent)


async def test_an_agents_ids_appear_in_the_order_of_their_commits(database: Database) -> None:
    log = AgentEventLog(database)
    async with database.begin() as tx:
        first = await log.append(event("p1", 1), now=NOON, tx=tx)
        second = asyncio.create_task(log.append(event("p2", 1), now=NOON))
        await until_someone_waits(database)
        assert await log.after("1001", 0, limit=10) == []
    assert first < await second
    assert [found.id for found in await log.after("1001", 0, limit=10)] == [first, await second]


async def until_someone_waits(database: Database) -> None:
    query = f"SELECT count(*) FROM pg_locks WHERE {ADVISORY_HERE} AND NOT granted".encode()  # noqa: S608 - our own words
    async with asyncio.timeout(PATIENCE_S):
        while True:
            async with database.pool.connection() as connection:
                row = await (await connection.execute(query)).fetchone()
            if row and row[0]:
                return
            await asyncio.sleep(0.01)


async def test_what_is_rolled_back_was_never_sent(database: Database) -> None:
    log = AgentEventLog(database)
    async with database.begin() as tx:
        await log.append(event("p1", 1), now=NOON, tx=tx)
        await tx.rollback()
    kept = await log.append(event("p2", 1), now=NOON)
    assert [found.id for found in await log.after("1001", 0, limit=10)] == [kept]


async def test_a_new_screen_gets_the_live_pops_and_is_told_of_the_recent_ones(database_url: str) -> None:
    async with replica(database_url, NOON - timedelta(hours=6)) as early:
        await early.publish(event("ancient", 1, "pop.show"))
    async with replica(database_url, NOON - timedelta(minutes=45)) as earlier:
        await earlier.publish(event("earlier", 1, "pop.show"))
        await earlier.publish(event("earlier", 2, "pop.withdraw"))
        await earlier.publish(event("long", 1, "pop.show"))
    async with replica(database_url) as here:
        await here.publish(event("over", 1, "pop.show"))
        await here.publish(event("back", 1, "pop.show"))
        await here.publish(event("back", 2, "pop.withdraw"))
        await here.publish(event("over", 2, "pop.withdraw"))
        newest = await here.publish(event("back", 3, "pop.show"))
        async with aclosing(here.subscribe("1001")) as screen:
            *shows, roll = await take(screen, 3)
    assert [(show.kind, show.id, orjson.loads(show.data)["pop_id"]) for show in shows] == [
        ("pop.show", None, "long"),
        ("pop.show", None, "back"),
    ]
    assert (roll.kind, roll.id, roll_of(roll)) == ("resync", newest, (["long", "back"], ["over"]))


async def test_a_position_that_is_no_longer_kept_starts_over(database: Database, database_url: str) -> None:
    async with replica(database_url) as here:
        position = await here.publish(event("p1", 1))
        async with database.begin() as tx:
            forgotten = await forget(tx, before=NOON + timedelta(seconds=1))
        await here.publish(event("p2", 1, "pop.show"))
        async with aclosing(here.subscribe("1001", position)) as screen:
            show, roll = await take(screen, 2)
    assert (forgotten, orjson.loads(show.data)["pop_id"], roll_of(roll)) == (1, "p2", (["p2"], []))


async def test_a_screen_too_far_behind_is_shown_the_present(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel_module, "BACKLOG_LIMIT", 3)
    async with replica(database_url) as here:
        position = await here.publish(event("p1", 1, "pop.show"))
        for seq in range(2, 6):
            await here.publish(event("p1", seq))
        async with aclosing(here.subscribe("1001", position)) as screen:
            show, roll = await take(screen, 2)
    assert (show.kind, orjson.loads(show.data)["seq"], roll.kind) == ("pop.show", 5, "resync")


async def test_an_announcement_that_never_comes_only_costs_time(
    database_url: str, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channel_module, "LOOK_AGAIN_S", 0.05)
    async with replica(database_url) as here, aclosing(here.subscribe("1001")) as screen:
        await take(screen, 1)
        waiting = asyncio.create_task(take(screen, 1))
        async with database.pool.connection() as connection:
            await connection.execute(
                b"INSERT INTO agent_events (agent, kind, pop_id, payload, at) VALUES ('1001', 'pop.update', 'p1', '{}', now())"
            )
        (received,) = await waiting
    assert received.kind == "pop.update"


async def publish_once_it_is_back(channel: Channel[AsyncConnection], late: AgentEvent) -> int:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                return await channel.publish(late)
            except Overloaded:
                await asyncio.sleep(0.05)


async def test_a_restart_of_postgres_loses_nothing() -> None:
    folder = Path(tempfile.mkdtemp(prefix="tieline-restart-")) / "data"
    server = EmbeddedPostgres(folder, settings={"fsync": "off"})
    url = server.start()
    migrate.upgrade(url)
    try:
        async with replica(url) as here, aclosing(here.subscribe("1001")) as screen:
            await take(screen, 1)
            before = await here.publish(event("p1", 1))
            seen = [delivery.id for delivery in await take(screen, 1)]
            waiting = asyncio.create_task(take(screen, 2))
            await asyncio.to_thread(server.stop)
            await asyncio.to_thread(server.start)
            with psycopg.connect(url, autocommit=True) as elsewhere:
                elsewhere.execute(
                    "INSERT INTO agent_events (agent, kind, pop_id, payload, at) VALUES ('1001', 'pop.update', 'p1', '{}', now())"
                )
            after = await publish_once_it_is_back(here, event("p1", 3))
            seen += [delivery.id for delivery in await waiting]
    finally:
        server.stop()
        shutil.rmtree(folder.parent)
    assert seen == [before, before + 1, after]
