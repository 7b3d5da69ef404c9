"""A server as the outside knows it: what softphones and exchanges send, and the stream each agent's desk follows."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Self

import httpx

from tieline.kit.clock import utc_now

Json = dict[str, Any]

LINE: Final = "+861065543800"
KNOWN, SHARED, REGULAR, NOBODY = "+8613800138000", "+8613800138001", "+8613800138002", "+8613900000000"
DORMITORY: Final = "+8613800138008"
PATIENCE_S: Final = 30.0
"""How long anything that is bound to happen may take on a busy machine before a test gives up."""


@dataclass(frozen=True)
class Event:
    """One message of an agent's stream. `at_s` is when it was read, on a clock that never goes back."""

    kind: str
    id: int | None
    content: Json
    at_s: float


class Screen:
    """What one agent's desk hears: every event of the stream, in order, kept for as long as the block lasts."""

    def __init__(self, agent: str) -> None:
        self.agent = agent
        self.events: list[Event] = []
        self._news = asyncio.Condition()

    def of(self, kind: str, *, pop_id: str | None = None) -> list[Json]:
        """Return what came with each event of a kind."""
        found = (event.content for event in self.events if event.kind == kind)
        return [content for content in found if pop_id is None or content["pop_id"] == pop_id]

    @property
    def cards(self) -> dict[str, Json]:
        """Return the cards on the screen as they stand now, by pop id."""
        standing: dict[str, Json] = {}
        for event in self.events:
            if event.kind in {"pop.show", "pop.update"}:
                standing[event.content["pop_id"]] = event.content
            elif event.kind == "pop.withdraw":
                standing.pop(event.content["pop_id"], None)
        return standing

    def told_of(self, call_id: str) -> list[Json]:
        """Return every state of the card of one call, in order."""
        cards = (*self.of("pop.show"), *self.of("pop.update"))
        return sorted((card for card in cards if card["call_id"] == call_id), key=lambda card: int(card["seq"]))

    @property
    def card(self) -> Json:
        """Return the only card on the screen."""
        (only,) = self.cards.values()
        return only

    @property
    def last_id(self) -> int:
        """Return where this screen would resume."""
        return max((event.id for event in self.events if event.id is not None), default=0)

    async def until(self, true: "Callable[[Screen], Any]", *, within_s: float = PATIENCE_S) -> Self:
        """Wait until something holds of this screen. Raises: AssertionError: it never does; with what was heard."""
        try:
            async with asyncio.timeout(within_s), self._news:
                await self._news.wait_for(lambda: _holds(true, self))
        except TimeoutError:
            heard = [(event.kind, event.content.get("seq"), event.content.get("reason")) for event in self.events]
            raise AssertionError(f"agent {self.agent} heard only {heard}") from None
        return self

    async def hear(self, event: Event) -> None:
        """Take one event in."""
        async with self._news:
            self.events.append(event)
            self._news.notify_all()


def _holds(true: Callable[[Screen], Any], screen: Screen) -> bool:
    """A condition on a card that is not there yet does not hold."""
    try:
        return bool(true(screen))
    except (ValueError, KeyError, IndexError, TypeError):
        return False


@dataclass
class HouseClock:
    """The time as the house knows it: the real one, put forward when a test says so."""

    ahead: timedelta = timedelta(0)

    def __call__(self) -> datetime:
        return utc_now() + self.ahead

    def forward(self, by: timedelta) -> None:
        """Let time pass."""
        self.ahead += by


@dataclass
class Door:
    """One server as softphones, exchanges and desks reach it."""

    url: str
    client: httpx.AsyncClient
    clock: HouseClock

    async def pop(self, phone: str = KNOWN, **asked: Any) -> Json:  # noqa: ANN401 - any query parameter
        """Ask who is calling, as a softphone does."""
        answer = await self.client.get("/v1/screen-pop", params={"phone": phone, "line": LINE, **asked})
        assert answer.status_code == 200, answer.text
        return json_of(answer)

    async def tell(self, word: str, call_id: str, **fields: Any) -> Json:  # noqa: ANN401 - any field of a call event
        """Report an event of a call now, as an exchange does."""
        told = {"call_id": call_id, "type": word, "from": KNOWN, "to": LINE, "at": self.clock().isoformat(), **fields}
        answer = await self.client.post("/v1/call-events", json=told)
        assert answer.status_code == 202, answer.text
        return json_of(answer)

    async def trace(self, call_id: str) -> Json:
        """Ask why a call did or did not pop."""
        answer = await self.client.get(f"/v1/calls/{call_id}/trace")
        assert answer.status_code == 200, answer.text
        return json_of(answer)

    @asynccontextmanager
    async def screen(self, agent: str, *, after: int | None = None) -> AsyncIterator[Screen]:
        """Follow an agent's stream while the block lasts, from its present state or behind the event `after`."""
        screen = Screen(agent)
        following = asyncio.create_task(self.follow(screen, after))
        try:
            if after is None:
                await screen.until(lambda heard: heard.of("resync"))
            yield screen
        finally:
            following.cancel()
            with suppress(asyncio.CancelledError, httpx.TransportError):
                await following

    async def follow(self, screen: Screen, after: int | None) -> None:
        """Let a screen hear an agent's stream until it ends. Raises: httpx.HTTPError: it broke off, or was refused."""
        headers = {} if after is None else {"Last-Event-ID": str(after)}
        async with self.client.stream("GET", f"/v1/agents/{screen.agent}/pops", headers=headers, timeout=None) as answer:
            answer.raise_for_status()
            written: dict[str, str] = {}
            async for line in answer.aiter_lines():
                name, _, value = line.partition(":")
                if name:
                    written[name] = value.removeprefix(" ")
                elif "data" in written:
                    place = int(written["id"]) if "id" in written else None
                    await screen.hear(Event(written["event"], place, json.loads(written["data"]), time.monotonic()))
                    written = {}


async def patiently(complaint: str, *, within_s: float = PATIENCE_S) -> AsyncIterator[None]:
    """Yield, again and again, until whoever looks has seen what they wait for. Raises: AssertionError: it takes too long."""
    until_s = time.monotonic() + within_s
    while time.monotonic() < until_s:
        yield
        await asyncio.sleep(0.01)
    raise AssertionError(complaint)


def json_of(answer: httpx.Response) -> Json:
    document: Json = answer.json()
    return document
