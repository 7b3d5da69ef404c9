"""What is notified while a worker looks is one reason to look again, however often it was notified."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator

from tieline.store.notifications import RESYNC, Note
from tieline.worker.run import look_whenever

NEVER_SO_LONG_S = 60


async def test_many_notes_during_one_look_are_one_look_more() -> None:
    told, begun, may_end = asyncio.Queue[Note](), asyncio.Queue[None](), asyncio.Queue[None]()

    async def notes() -> AsyncGenerator[Note, None]:
        while True:
            note = await told.get()
            yield note
            told.task_done()

    async def look() -> None:
        begun.put_nowait(None)
        await may_end.get()

    looking = asyncio.create_task(look_whenever(contextlib.aclosing(notes()), look))
    async with asyncio.timeout(NEVER_SO_LONG_S):
        told.put_nowait(RESYNC)
        await begun.get()
        for number in range(50):
            told.put_nowait(Note("tieline_inbox", str(number)))
        await told.join()
        may_end.put_nowait(None)
        await begun.get()
        may_end.put_nowait(None)
        while not may_end.empty():  # noqa: ASYNC110 - the second look's end says nothing of itself
            await asyncio.sleep(0)
        assert begun.empty(), "fifty notes are one look"
        told.put_nowait(Note("tieline_inbox"))
        await begun.get()
    looking.cancel()
    await asyncio.wait([looking])
    assert looking.cancelled()
