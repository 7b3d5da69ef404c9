"""Answering many at once: what is asked while one round is under way is answered together in the next.

Nobody waits for a round to fill. A single asker has a round to himself; under many, one round serves all who came meanwhile.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Q = TypeVar("Q")
A = TypeVar("A")


@dataclass(slots=True, eq=False)
class _Round(Generic[Q, A]):
    """Questions that are answered together."""

    answers: "asyncio.Task[Sequence[A]]" = field(init=False)
    questions: list[Q] = field(default_factory=list)


class Rounds(Generic[Q, A]):
    """Puts questions to `answer`, at most `most` at a time, which returns one answer for each in the same order.

    Belongs to one event loop.
    """

    def __init__(self, answer: Callable[[Sequence[Q]], Awaitable[Sequence[A]]], *, most: int) -> None:
        self._answer = answer
        self._most = most
        self._filling: _Round[Q, A] | None = None
        self._latest: asyncio.Task[Sequence[A]] | None = None

    async def ask(self, question: Q) -> A:
        """Return the answer. What `answer` raises, everybody in the round gets; one who leaves takes nothing from the others."""
        mine = self._filling
        if mine is None or len(mine.questions) >= self._most:
            mine = self._begin()
        position = len(mine.questions)
        mine.questions.append(question)
        return (await asyncio.shield(mine.answers))[position]

    def _begin(self) -> _Round[Q, A]:
        begun: _Round[Q, A] = _Round()
        begun.answers = self._latest = asyncio.create_task(self._hold(begun, after=self._latest))
        begun.answers.add_done_callback(_take_notice)
        self._filling = begun
        return begun

    async def _hold(self, mine: _Round[Q, A], *, after: "asyncio.Task[Sequence[A]] | None") -> Sequence[A]:
        if after is not None and not after.done():
            await asyncio.wait([after])
        if self._filling is mine:
            self._filling = None
        return await self._answer(mine.questions)


def _take_notice(answers: "asyncio.Task[Sequence[A]]") -> None:
    """Read the end of a round that everybody has left, so that asyncio does not report it as unheard of."""
    if not answers.cancelled():
        answers.exception()
