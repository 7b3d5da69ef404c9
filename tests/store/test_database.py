import asyncio

import pytest
from sqlalchemy import select, text

from tieline.store.database import Database, driver
from tieline.store.tables import lines


async def test_a_transaction_rolls_back_whole(database: Database) -> None:
    async def insert_and_fail() -> None:
        async with database.begin() as tx:
            await tx.execute(text("INSERT INTO lines (number, definition, updated_at) VALUES ('+861', '{}', now())"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await insert_and_fail()
    async with database.read() as conn:
        assert (await conn.execute(select(lines.c.number))).all() == []


async def test_the_driver_shares_the_transaction(database: Database) -> None:
    async with database.begin() as tx:
        raw = await driver(tx)
        await raw.execute("INSERT INTO lines (number, definition, updated_at) VALUES ('+861', '{}', now())")
        assert (await tx.execute(select(lines.c.number))).scalar_one() == "+861"


async def test_listen_yields_resync_then_notes(database: Database) -> None:
    notes = database.listen("tieline_config")
    assert (await anext(notes)).resync
    async with database.pool.connection() as conn:
        await conn.execute("SELECT pg_notify('tieline_config', 'lines')")
    async with asyncio.timeout(5):
        note = await anext(notes)
    assert (note.channel, note.payload) == ("tieline_config", "lines")
    await notes.aclose()
