"""The agents' live channel: the log is the queue, a notification only says "look again".

Every event is a row; whoever follows an agent reads the rows behind its own position. A lost notification, a lost
connection or a restarted server therefore costs time and never an event, and a slow reader costs no memory.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import aclosing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final, Generic, Protocol, TypeVar

from tieline.domain.agent_event import AgentEvent, SentEvent
from tieline.domain.errors import Overloaded
from tieline.kit.clock import Clock, utc_now
from tieline.push.present_state import Present, present_state

BACKLOG_LIMIT: Final = 200
"""Events behind which a reader is given the present state instead of the whole story."""

LOOK_AGAIN_S: Final = 10.0
"""Seconds after which a reader looks without having been told to, should an announcement have been lost."""

RETRY_S: Final = 0.3
"""Seconds between attempts while the database is away."""

LIVE_AT_MOST: Final = timedelta(hours=5)
"""No call is live longer: the sweeper ends those without a sign of life after four hours."""

RECENT_AT_MOST: Final = timedelta(minutes=30)
"""How long after a call its number may still be shown to the agent who had it."""

Answer = TypeVar("Answer")
Tx_contra = TypeVar("Tx_contra", contravariant=True)
Tx = TypeVar("Tx")


class EventLog(Protocol[Tx_contra]):
    """Where the events are kept. Its transactions are a type of its own, which this room never looks into.

    Every method raises `Overloaded` while the database is away, except `announcements`, which reconnects by itself.
    """

    async def append(self, event: AgentEvent, *, now: datetime, tx: Tx_contra | None = None) -> int:
        """Write one event and announce it on commit; return its id, ascending per agent in the order of commits."""

    async def after(self, agent: str, position: int, *, limit: int) -> list[SentEvent]:
        """Return the agent's events behind `position`, oldest first, at most `limit`."""

    async def holds(self, agent: str, position: int) -> bool:
        """Say whether `position` is an event of this agent that is still kept."""

    async def latest(self, agent: str, *, since: datetime) -> tuple[int, list[SentEvent]]:
        """Return the newest position and, as of it, each pop's last state and its last withdrawal at or after `since`."""

    def announcements(self) -> AsyncGenerator[str | None, None]:
        """Yield the agent of each new event; None, first and after each interruption, when some may have been missed."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message for a screen. `data` is JSON text. `id` is where to resume; None where resuming would lose something."""

    kind: str
    data: str
    id: int | None = None


class Channel(Generic[Tx]):
    """Publishes events and follows them. One per process; it listens on one connection from the first reader on."""

    def __init__(self, log: EventLog[Tx], *, clock: Clock = utc_now) -> None:
        self._log = log
        self._clock = clock
        self._readers: defaultdict[str, set[asyncio.Event]] = defaultdict(set)
        self._listener: asyncio.Task[None] | None = None
        self._listening = asyncio.Event()

    async def publish(self, event: AgentEvent, *, tx: Tx | None = None) -> int:
        """Write the event, within `tx` if given; once committed it reaches every screen of the agent. Raises: Overloaded."""
        return await self._log.append(event, now=self._clock(), tx=tx)

    async def subscribe(self, agent: str, after: int | None = None) -> AsyncGenerator[Delivery, None]:
        """Yield what happens for `agent`, for ever and in order.

        `after` is the last id the screen has seen. Without it, or when it is no longer kept or too far behind, the screen
        is first told what it should show: a `pop.show` for each live pop, then a `resync` that names them all.
        """
        with self._woken(agent) as news:
            self._start_listening()
            await self._listening.wait()
            position = after if after is not None and await _patiently(partial(self._log.holds, agent, after)) else None
            while True:
                news.clear()
                position, deliveries = await _patiently(partial(self._behind, agent, position))
                for delivery in deliveries:
                    yield delivery
                if not deliveries:
                    await _wait(news)

    async def aclose(self) -> None:
        """Stop listening. Readers end with the requests they belong to."""
        if self._listener is not None:
            self._listener.cancel()
            with suppress(asyncio.CancelledError):
                await self._listener
            self._listener = None

    async def _behind(self, agent: str, position: int | None) -> tuple[int, list[Delivery]]:
        """Return where the screen stands next, and what takes it there."""
        if position is not None:
            events = await self._log.after(agent, position, limit=BACKLOG_LIMIT + 1)
            if len(events) <= BACKLOG_LIMIT:
                return (events[-1].id if events else position), [_delivery(event, resumable=True) for event in events]
        newest, present = await self._present(agent)
        shows = [_delivery(event, resumable=False) for event in present.live]
        return newest, [*shows, Delivery("resync", present.roll(), newest)]

    async def _present(self, agent: str) -> tuple[int, Present]:
        now = self._clock()
        newest, latest = await self._log.latest(agent, since=now - LIVE_AT_MOST)
        return newest, present_state(latest, ended_since=now - RECENT_AT_MOST)

    @contextmanager
    def _woken(self, agent: str) -> Iterator[asyncio.Event]:
        news = asyncio.Event()
        self._readers[agent].add(news)
        try:
            yield news
        finally:
            self._readers[agent].discard(news)
            if not self._readers[agent]:
                del self._readers[agent]

    def _start_listening(self) -> None:
        if self._listener is None or self._listener.done():
            self._listening.clear()
            self._listener = asyncio.create_task(self._listen(), name="agents' channel")

    async def _listen(self) -> None:
        async with aclosing(self._log.announcements()) as announcements:
            async for agent in announcements:
                self._listening.set()
                concerned = self._readers if agent is None else {agent: self._readers.get(agent, set())}
                for news in [event for readers in concerned.values() for event in readers]:
                    news.set()


async def _patiently(ask: Callable[[], Awaitable[Answer]]) -> Answer:
    """Ask until the database answers."""
    while True:
        try:
            return await ask()
        except Overloaded:
            await asyncio.sleep(RETRY_S)


async def _wait(news: asyncio.Event) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(LOOK_AGAIN_S):
            await news.wait()


def _delivery(event: SentEvent, *, resumable: bool) -> Delivery:
    """A state handed out as the present one is a `pop.show`, whatever brought it there."""
    return Delivery(event.kind, event.payload, event.id) if resumable else Delivery("pop.show", event.payload)
