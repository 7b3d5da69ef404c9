"""Forgets, in this process, the answers that a system has said are out of date, then shows the cards anew that held them."""

import asyncio
import contextlib
from collections.abc import Callable, Hashable, Sequence
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
        self._heard: asyncio.Queue[Note] = asyncio.Queue()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to follow."""
        self._tasks = [
            asyncio.create_task(self._hear(), name="stale answers heard"),
            asyncio.create_task(self._act(), name="stale answers forgotten"),
        ]

    async def aclose(self) -> None:
        """Stop."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _hear(self) -> None:
        async with self._database.listen(stale_answers.CHANNEL) as notes:
            async for note in notes:
                self._heard.put_nowait(note)

    async def _act(self) -> None:
        while True:
            notes = [await self._heard.get()]
            await asyncio.sleep(GATHER_S)
            while not self._heard.empty():
                notes.append(self._heard.get_nowait())
            if any(note.resync for note in notes):
                self._cache.drop(lambda _key: True)  # Something may have been said while we could not hear.
            self._forget([stale_answers.read(note.payload) for note in notes if not note.resync])

    def _forget(self, stale: Sequence[StaleAnswer]) -> None:
        changed = {(one.connection, one.kind, one.object_id) for one in stale}
        if changed:
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
