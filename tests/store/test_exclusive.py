"""What one process at a time may do: held as long as a session lives, and no longer."""

import asyncio

import psycopg
import pytest
from tests.waiting import ADVISORY_HERE

from tieline.domain.errors import Overloaded
from tieline.store import exclusive
from tieline.store.database import Database

PATIENCE_S = 5.0


class Turns:
    """Counts who works at the same time."""

    def __init__(self) -> None:
        self.at_once = 0
        self.most = 0
        self.began = asyncio.Event()
        self.may_end = asyncio.Event()

    async def work(self) -> None:
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        self.began.set()
        try:
            await self.may_end.wait()
        finally:
            self.at_once -= 1


async def test_two_never_work_at_once_and_the_second_follows(database: Database) -> None:
    turns = Turns()
    both = [asyncio.create_task(database.exclusively("stream:pbx", turns.work)) for _ in range(2)]
    await asyncio.wait_for(turns.began.wait(), PATIENCE_S)
    await asyncio.sleep(0.2)
    assert turns.at_once == 1
    turns.may_end.set()
    await asyncio.wait_for(asyncio.gather(*both), PATIENCE_S)
    assert (turns.most, turns.at_once) == (1, 0)


async def test_another_name_is_another_turn(database: Database) -> None:
    turns = {"stream:one": Turns(), "stream:two": Turns()}
    both = [asyncio.create_task(database.exclusively(name, turn.work)) for name, turn in turns.items()]
    for turn in turns.values():
        await asyncio.wait_for(turn.began.wait(), PATIENCE_S)
    for turn in turns.values():
        turn.may_end.set()
    await asyncio.gather(*both)


async def test_who_is_told_to_stop_gives_the_turn_away(database: Database) -> None:
    first, second = Turns(), Turns()
    working = asyncio.create_task(database.exclusively("stream:pbx", first.work))
    await asyncio.wait_for(first.began.wait(), PATIENCE_S)
    waiting = asyncio.create_task(database.exclusively("stream:pbx", second.work))
    working.cancel()
    await asyncio.wait([working])
    await asyncio.wait_for(second.began.wait(), PATIENCE_S)
    assert first.at_once == 0
    second.may_end.set()
    await waiting


async def test_work_stops_when_the_session_is_gone(
    database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exclusive, "STILL_HELD_EVERY_S", 0.05)
    turns = Turns()
    working = asyncio.create_task(database.exclusively("stream:pbx", turns.work))
    await asyncio.wait_for(turns.began.wait(), PATIENCE_S)
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as other:
        await other.execute(f"SELECT pg_terminate_backend(pid) FROM pg_locks WHERE {ADVISORY_HERE} AND objsubid = 1")  # noqa: S608 - our own words
    with pytest.raises(Overloaded):
        await asyncio.wait_for(working, PATIENCE_S)
    assert turns.at_once == 0


async def test_the_error_of_the_work_comes_out(database: Database) -> None:
    async def broken() -> None:
        raise LookupError

    with pytest.raises(LookupError):
        await database.exclusively("stream:pbx", broken)
