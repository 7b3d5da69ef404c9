"""A pop is masked while its rows are being written, but nothing of it leaves before they are on disk."""

import asyncio

import pytest
from tests.api.front_door import FrontDoor

from tieline.store.journal import Batch, Journal

POP = "/v1/screen-pop?phone=%2B8613800138000"
LONGER_THAN_A_POP_S = 0.3


async def test_no_pop_leaves_before_it_is_on_disk(door: FrontDoor, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, may_write, write = asyncio.Event(), asyncio.Event(), Journal._write

    async def held(journal: Journal, batch: Batch, start: int, end: int) -> None:
        begun.set()
        await may_write.wait()
        await write(journal, batch, start, end)

    signed = await door.signed("pops.read")
    monkeypatch.setattr(Journal, "_write", held)
    asking = asyncio.create_task(door.ask("GET", POP, headers=signed))
    await begun.wait()
    left, _ = await asyncio.wait([asking], timeout=LONGER_THAN_A_POP_S)
    may_write.set()
    assert (left, (await asking).status_code) == (set(), 200)
