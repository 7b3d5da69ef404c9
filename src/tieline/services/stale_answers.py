"""Forgets, in this process, the answers that a system has said are out of date, then shows the cards anew that held them."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Hashable, Sequence
from typing import Final

from tieline.domain.pop_order import PopOrder
from tieline.services.flights import AnswerCache
from tieline.services.sources import Answer
from tieline.store import stale_answers
from tieline.store.database import Database
from tieline.store.notifications import Note
from tieline.store.stale_answers import StaleAnswer

GATHER_S: Final = 0.1
"""What is said this close together is forgotten in one go: looking through the whole cache takes milliseconds."""


class StaleAnswers:
    """Follows what every process is told. One per process."""

    def __init__(self, database: Database, cache: AnswerCache, *, present: Callable[[PopOrder], None]) -> None:
        self._database = database
        self._cache = cache
        self._present = present
        self._heard: asyncio.Queue[StaleAnswer] = asyncio.Queue()

    @contextlib.asynccontextmanager
    async def following(self) -> AsyncIterator[None]:
        """Follow while the block lasts; it begins when all is heard, so that no answer is kept before."""
        async with self._database.listen(stale_answers.CHANNEL) as notes:
            await anext(notes)
            tasks = [
                asyncio.create_task(self._hear(notes), name="stale answers heard"),
                asyncio.create_task(self._act(), name="stale answers forgotten"),
            ]
            try:
                yield
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.wait(tasks)

    async def _hear(self, notes: AsyncIterator[Note]) -> None:
        async for note in notes:
            if note.resync:
                self._cache.drop(lambda _key: True)  # Something may have been said while we could not hear.
            else:
                self._heard.put_nowait(stale_answers.read(note.payload))

    async def _act(self) -> None:
        while True:
            stale = [await self._heard.get()]
            await asyncio.sleep(GATHER_S)
            while not self._heard.empty():
                stale.append(self._heard.get_nowait())
            self._forget(stale)

    def _forget(self, stale: Sequence[StaleAnswer]) -> None:
        changed = {(one.connection, one.kind, one.object_id) for one in stale}
        self._cache.drop(_asked_about({(connection, kind) for connection, kind, _ in changed}), only_if=_holds(changed))
        for pop_id in dict.fromkeys(pop_id for one in stale for pop_id in one.pops):
            self._present(PopOrder("update", pop_id, "", "", "record_changed", "full"))


def _asked_about(kinds: set[tuple[str, str]]) -> Callable[[Hashable], bool]:
    """Match the questions put to these systems about this kind of record."""

    def matches(key: Hashable) -> bool:
        return isinstance(key, tuple) and (key[0], str(key[1]).partition(".")[0]) in kinds

    return matches


def _holds(changed: set[tuple[str, str, str]]) -> Callable[[Answer], bool]:
    """Match the answers that hold one of these, and those that hold nothing and might by now."""

    def matches(answer: Answer) -> bool:
        return not answer.models or any((one.ref.connection, one.ref.kind, one.ref.id) in changed for one in answer.models)

    return matches
