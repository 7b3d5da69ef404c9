"""`kill -9` of Postgres while webhooks pour in (fault F32): whoever was thanked is in the inbox, and it goes on by itself."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from tests.flows.door import patiently
from tests.store import embedded_process as processes

from tieline.domain.errors import Overloaded
from tieline.kit.ids import time_ordered_id
from tieline.store import migrate
from tieline.store.database import Database
from tieline.store.embedded import EmbeddedPostgres
from tieline.store.inbox import Arrival
from tieline.store.webhook_inbox import WebhookInbox

WRITERS = 8
AFTER_EACH_KILL = 300


def arrival(number: int) -> Arrival:
    now = datetime.now(UTC)
    return Arrival(
        id=UUID(time_ordered_id(now)),
        connection="shop",
        dedupe_key=f"d-{number}",
        kind="event",
        body=b'{"n": %d}' % number,
        received_at=now,
        headers={},
    )


async def test_nobody_who_was_thanked_is_forgotten(reachable_folder: Path) -> None:
    server = EmbeddedPostgres(reachable_folder)
    url = server.start()
    try:
        migrate.upgrade(url)
        flood = await pour(url, cluster_of(reachable_folder))
        database = await Database.open(url)
        async with database.pool.connection() as connection:
            kept = {row[0] for row in await (await connection.execute(b"SELECT dedupe_key FROM inbox")).fetchall()}
            work = await (await connection.execute(b"SELECT count(*) FROM inbox_work")).fetchone()
        await database.aclose()
    finally:
        server.stop()
    assert flood.thanked - kept == set(), "thanked and lost"
    assert len(flood.thanked) > 3 * AFTER_EACH_KILL
    assert work == (len(kept),), "an arrival without its work, or the other way round"
    print(f"{len(flood.thanked)} thanked, 0 lost, {flood.refused} told to come again")  # noqa: T201 - N with the claim


@dataclass
class Flood:
    """Writers that write without a pause, and what they were told."""

    inbox: WebhookInbox
    thanked: set[str] = field(default_factory=set)
    refused: int = 0
    enough: bool = False
    numbers: Iterator[int] = field(default_factory=lambda: iter(range(10**9)))

    async def write(self) -> None:
        while not self.enough:
            one = arrival(next(self.numbers))
            try:
                await self.inbox.keep(one)
            except Overloaded:
                self.refused += 1
                await asyncio.sleep(0.01)
            else:
                self.thanked.add(one.dedupe_key)

    async def more(self, count: int) -> None:
        """Wait until so many more were thanked."""
        wanted = len(self.thanked) + count
        async for _ in patiently("it never went on", within_s=90):
            if len(self.thanked) >= wanted:
                return


async def pour(url: str, folder: Path) -> Flood:
    """Let writers write, and kill Postgres twice under them."""
    database = await Database.open(url, pool_size=8)
    flood = Flood(WebhookInbox(database.pool))
    async with asyncio.TaskGroup() as group:
        for _ in range(WRITERS):
            group.create_task(flood.write())
        for _ in range(2):
            await flood.more(AFTER_EACH_KILL)
            processes.kill(processes.postmaster(folder))
        await flood.more(AFTER_EACH_KILL)
        flood.enough = True
    await database.aclose()
    return flood


def cluster_of(folder: Path) -> Path:
    return next(folder.rglob("postmaster.pid")).parents[1]
