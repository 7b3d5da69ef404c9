"""Listens to one exchange: the only one among all processes to do so, dialling again when the line is lost."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import structlog

from tieline.connectors.connection import VendorConnection
from tieline.connectors.streams.listening import Listening
from tieline.connectors.streams.memory import CallMemory
from tieline.connectors.streams.stream import ExchangeStream, Message
from tieline.domain.errors import Overloaded, TielineError
from tieline.services.house import House
from tieline.services.streams import intake, repair
from tieline.store import stream_states
from tieline.store.stream_states import StandingWord, StreamState

AT_ONCE: Final = 50
FIRST_PAUSE_S: Final = 0.25
LONGEST_PAUSE_S: Final = 30.0
SAID_EVERY_S: Final = 5.0
log = structlog.get_logger()


@dataclass(slots=True)
class Standing:
    """How the stream stands, as the listener knows it."""

    state: StandingWord = "connecting"
    connected_at: datetime | None = None
    last_event_at: datetime | None = None
    heard: int = 0
    gaps: int = 0
    filtered: bool = False
    fault: str | None = None


@dataclass(slots=True)
class Listener:
    """One exchange."""

    house: House
    connection: VendorConnection
    listening: Listening
    standing: Standing = field(default_factory=Standing)
    memory: CallMemory = field(init=False)

    def __post_init__(self) -> None:
        self.memory = self.listening.memory()

    async def run(self) -> None:
        """Wait for the turn, then listen until cancelled. Raises: Overloaded: the turn is lost with the database."""
        await self.house.database.exclusively(f"stream:{self.connection.name}", self._listen)

    async def _listen(self) -> None:
        await self._recall()
        async with asyncio.TaskGroup() as group:
            saying = group.create_task(self._say_for_ever(), name="stream-standing")
            try:
                await self._dial_for_ever()
            finally:
                saying.cancel()

    async def _dial_for_ever(self) -> None:
        pauses = Pauses()
        while True:
            try:
                await self._once(pauses)
            except TielineError as exc:
                await self._lost(exc)
            await asyncio.sleep(pauses.next_s())

    async def _once(self, pauses: "Pauses") -> None:
        """Dial, put right what changed meanwhile, and take in what is heard until the line is lost."""
        since = self.house.clock()
        stream = await self.listening.open(self.house.directory.egress)
        try:
            await self._follow(stream, pauses, since=since)
        finally:
            await stream.aclose()

    async def _follow(self, stream: ExchangeStream, pauses: "Pauses", *, since: datetime) -> None:
        name = self.connection.name
        await intake.take_up(self.house, name, self.listening)
        await repair.put_right(self.house, name, self.listening, stream=stream, memory=self.memory, since=since)
        pauses.begin_anew()
        self.standing.state, self.standing.connected_at, self.standing.fault = "up", since, None
        self.standing.filtered = stream.filtered
        await self._say()
        log.info("stream.up", connection=name, kind=self.listening.kind, filtered=stream.filtered)
        while True:
            await self._take(await stream.next_messages(at_most=AT_ONCE))

    async def _take(self, messages: Sequence[Message]) -> None:
        now = self.house.clock()
        self.standing.last_event_at = now
        self.standing.heard += len(messages)
        meant = [one for message in messages if (one := self.listening.hear(message, self.memory)) is not None]
        if meant:
            await intake.take_in(self.house, self.connection.name, self.listening, meant, now=now)

    async def _lost(self, exc: TielineError) -> None:
        if self.standing.state == "up":
            self.standing.gaps += 1
        self.standing.state, self.standing.fault, self.standing.connected_at = "lost", exc.code, None
        log.warning("stream.lost", connection=self.connection.name, code=exc.code, gaps=self.standing.gaps)
        await self._say()

    async def _recall(self) -> None:
        """Go on counting where the one before stopped; that there was one before means that there was a gap."""
        async with self.house.database.read() as conn:
            before = (await stream_states.read(conn)).get(self.connection.name)
        if before is not None:
            self.standing.heard, self.standing.gaps = before.heard, before.gaps + (before.state == "up")

    async def _say_for_ever(self) -> None:
        while True:
            await self._say()
            await asyncio.sleep(SAID_EVERY_S)

    async def _say(self) -> None:
        one = self.standing
        state = StreamState(
            connection=self.connection.name,
            kind=self.listening.kind,
            state=one.state,
            connected_at=one.connected_at,
            last_event_at=one.last_event_at,
            heard=one.heard,
            gaps=one.gaps,
            filtered=one.filtered,
            fault=one.fault,
            updated_at=self.house.clock(),
        )
        try:
            async with self.house.database.begin() as tx:
                await stream_states.write(tx, state)
        except Overloaded:
            log.warning("stream.standing_unsaid", connection=self.connection.name)


class Pauses:
    """How long to wait before dialling again: a moment at first, then twice as long each time, never all at once."""

    def __init__(self) -> None:
        self._next_s = FIRST_PAUSE_S

    def begin_anew(self) -> None:
        """The line stood."""
        self._next_s = FIRST_PAUSE_S

    def next_s(self) -> float:
        """Return the next pause in seconds, shortened by chance to between a half and all of it."""
        pause_s, self._next_s = self._next_s, min(self._next_s * 2, LONGEST_PAUSE_S)
        return pause_s * random.uniform(0.5, 1.0)  # noqa: S311 - no secret
