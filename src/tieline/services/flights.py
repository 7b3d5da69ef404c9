"""The questions of one pop under way: all at once, each with its own state, none waiting for another."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import structlog

from tieline.domain.errors import ConnectorError
from tieline.domain.screen_pop import Block, BlockState
from tieline.domain.trusted import built
from tieline.kit.clock import Clock
from tieline.kit.deadline import Deadline
from tieline.kit.freshness import FreshnessCache, Kept
from tieline.services.privacy.erased import Erased
from tieline.services.sources import Answer, Question, ask

AnswerCache = FreshnessCache[Answer]
NO_ANSWER_YET = "no_answer_yet"
NOTHING = Answer(models=(), unreadable=0, truncated=False, took_ms=0)
"""What is known of somebody who was erased: no system is asked."""
log = structlog.get_logger()


@dataclass(slots=True)
class Flight:
    """One question under way, what was kept from before, and how it ended."""

    question: Question
    kept: Kept[Answer] | None
    load: asyncio.Task[Answer] | None
    started_at: datetime
    erased: Erased
    answer: Answer | None = None
    error: str | None = None
    landed_at: datetime | None = None

    @property
    def pending(self) -> bool:
        """Say whether an answer may still come."""
        return self.load is not None and self.landed_at is None

    @property
    def state(self) -> BlockState:
        """Say what can be shown now."""
        if self.answer is not None:
            return "live"
        if self.kept is None:
            return "unavailable"
        age = self.started_at - self.kept.as_of
        return "cached" if age <= self.question.fresh_for(self.kept.value) else "stale"

    @property
    def best(self) -> Answer | None:
        """Return the live answer, else the kept one; without who was erased, even since it came."""
        found = self.answer or (self.kept.value if self.kept is not None else None)
        return found if found is None or not self.erased else self.erased.without(self.question, found)

    def block(self, *, shown: bool) -> Block:
        """Return the block as it stands; `shown` is false while nothing private may be seen."""
        best = self.best
        as_of = self.landed_at if self.answer is not None else (self.kept.as_of if self.kept is not None else None)
        pending = self.pending
        fields = {
            "state": self.state,
            "source": self.question.source.name,
            "as_of": as_of,
            "took_ms": self.answer.took_ms if self.answer is not None else None,
            "error": self.error or (NO_ANSWER_YET if pending else None),
            "items": best.items if shown and best is not None else (),
            "truncated": best.truncated if best is not None else False,
            "pending": pending,
        }
        return built(Block, fields)  # the items are ours, and validating them would copy every one


class Flights:
    """Every question of one pop. `limit_s` is how long a late answer is still wanted; `anew`: none is kept too fresh to ask."""

    def __init__(self, cache: AnswerCache, *, limit_s: float, now: datetime, erased: Erased, anew: bool = False) -> None:
        self._cache = cache
        self._anew = anew
        self._limit_s = limit_s
        self._now = now
        self._erased = erased
        self._by_block: dict[str, Flight] = {}

    def start(self, question: Question) -> bool:
        """Ask, unless an answer is kept that needs no second look yet, or it is about somebody erased.

        False: this very question was put already.
        """
        running = self._by_block.get(question.block)
        if running is not None and running.question.key == question.key:
            return False
        if self._erased.question(question):
            self._by_block[question.block] = Flight(question, Kept(NOTHING, self._now), None, self._now, self._erased)
            return True
        kept = self._cache.peek(question.key)
        settled = not self._anew and kept is not None and self._now - kept.as_of <= question.quiet_for(kept.value)
        load = None if settled else self._cache.refresh(question.key, lambda: ask(question, limit_s=self._limit_s))
        self._by_block[question.block] = Flight(question, kept, load, self._now, self._erased)
        return True

    def __iter__(self) -> Iterator[Flight]:
        return iter(self._by_block.values())

    @property
    def any_landed(self) -> bool:
        """Say whether anything can be shown already, kept or live."""
        return any(flight.best is not None for flight in self._by_block.values())

    @property
    def pending(self) -> tuple[Flight, ...]:
        """Return the flights still in the air."""
        return tuple([flight for flight in self._by_block.values() if flight.load is not None and flight.landed_at is None])

    async def land_next(self, deadline: Deadline, *, now: Clock) -> bool:
        """Wait until at least one flight lands; say whether one did before the deadline."""
        waiting = {flight.load: flight for flight in self.pending if flight.load is not None}
        if not waiting:
            return False
        done, _ = await asyncio.wait(waiting, timeout=deadline.remaining_s(), return_when=asyncio.FIRST_COMPLETED)
        for load in done:
            _land(waiting[load], load, at=now())
        return bool(done)


def _land(flight: Flight, load: "asyncio.Task[Answer]", *, at: datetime) -> None:
    flight.landed_at = at
    if load.cancelled():
        flight.error = "upstream_cancelled"
        return
    failure = load.exception()
    if failure is None:
        flight.answer = load.result()
    elif isinstance(failure, ConnectorError):
        flight.error = failure.code
    else:
        flight.error = "internal_error"
        log.error("pop.source_broke", block=flight.question.block, source=flight.question.source.name, exc_info=failure)
