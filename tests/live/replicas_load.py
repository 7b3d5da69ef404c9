"""What two replicas are put under: a helpdesk that sends signed webhooks, and agents whose telephones ring.

Both are as persistent as vendors are: what was not thanked for is sent again, the same in every byte, until it is; and every
tenth of what was is sent once more, as if the thanks had been lost on the way.
"""

import asyncio
import functools
import hashlib
import hmac
import itertools
import json
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
from tests.flows.door import LINE, Door, Screen

from tieline.kit.clock import utc_now

SECRET: Final = "counter-secret-0123456789"
HOOKS_PER_S: Final = 6.0
REPEAT_EVERY: Final = 10
TALK_S: Final = 1.0
SHOWN_WITHIN_S: Final = 90.0
"""Far beyond what is promised: a card that is late is measured, one that never comes is a failure."""
PAUSES_S: Final = (0.2, 0.5, 1.0, 2.0)


@dataclass
class Caller:
    """Sends until thanked. `took_s`: what was thanked for; `waited_s`: with the tries before; `retries` by their cause."""

    door: Door
    took_s: list[float] = field(default_factory=list)
    waited_s: list[float] = field(default_factory=list)
    retries: Counter[str] = field(default_factory=Counter)
    repeated: int = 0
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    async def send(self, path: str, body: bytes, **headers: str) -> None:
        """Send one message until it is accepted; every tenth once more."""
        given = {"content-type": "application/json", **{name.replace("_", "-"): value for name, value in headers.items()}}
        await self._insist(path, body, given)
        if not next(self.numbers) % REPEAT_EVERY:
            await self._insist(path, body, given)
            self.repeated += 1

    async def _insist(self, path: str, body: bytes, given: dict[str, str]) -> None:
        began_s = time.monotonic()
        for pause_s in itertools.chain(PAUSES_S, itertools.repeat(PAUSES_S[-1])):
            if await self._accepted(path, body, given):
                self.waited_s.append(time.monotonic() - began_s)
                return
            await asyncio.sleep(pause_s)

    async def _accepted(self, path: str, body: bytes, headers: dict[str, str]) -> bool:
        sent_s = time.monotonic()
        try:
            answer = await self.door.client.post(path, content=body, headers=headers)
        except httpx.TransportError as exc:
            self.retries[type(exc).__name__] += 1
            return False
        if answer.is_success:
            self.took_s.append(time.monotonic() - sent_s)
            return True
        self.retries[str(answer.status_code)] += 1
        return False


@dataclass
class Load:
    """Everybody outside. `told`: tickets the helpdesk was thanked for; `rung`: calls whose events were all accepted."""

    door: Door
    agents: Sequence[str]
    enough: bool = False
    told: set[str] = field(default_factory=set)
    rung: set[str] = field(default_factory=set)
    shown_s: list[float] = field(default_factory=list)
    screens: dict[str, Screen] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        """Give everybody a way to send."""
        self.hooks, self.calls = Caller(self.door), Caller(self.door)
        self.screens = {agent: Screen(agent) for agent in self.agents}

    async def run(self) -> None:
        """Send and ring until there is enough of it, and until all of it was accepted."""
        following = [asyncio.create_task(self._follow(screen)) for screen in self.screens.values()]
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pour(group))
                for screen in self.screens.values():
                    group.create_task(self._telephone(screen))
        finally:
            for task in following:
                task.cancel()
            await asyncio.wait(following)

    async def _pour(self, group: asyncio.TaskGroup) -> None:
        began_s = time.monotonic()
        for number in itertools.count(1):
            if self.enough:
                return
            group.create_task(self._hook(f"T-{number}"))
            await asyncio.sleep(max(0.0, began_s + number / HOOKS_PER_S - time.monotonic()))

    async def _hook(self, ticket: str) -> None:
        body = json.dumps({"ticket": {"id": ticket, "title": f"Ticket {ticket}"}}).encode()
        signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        await self.hooks.send("/v1/webhooks/east", body, x_signature=signature, x_delivery=f"d-{ticket}")
        self.told.add(ticket)

    async def _telephone(self, screen: Screen) -> None:
        while not self.enough:
            number = next(self.numbers)
            call_id = f"c-{number}"
            rang_s = time.monotonic()
            await self._tell("ringing", call_id, screen, number)
            await screen.until(functools.partial(Screen.told_of, call_id=call_id), within_s=SHOWN_WITHIN_S)
            self.shown_s.append(time.monotonic() - rang_s)
            await self._tell("answered", call_id, screen, number)
            await asyncio.sleep(TALK_S)
            await self._tell("ended", call_id, screen, number, outcome="served")
            self.rung.add(call_id)

    async def _tell(self, word: str, call_id: str, screen: Screen, number: int, **fields: Any) -> None:  # noqa: ANN401 - any field
        told = {"call_id": call_id, "type": word, "from": f"+86138{number:08d}", "to": LINE, "agent": screen.agent, **fields}
        body = json.dumps({**told, "at": utc_now().isoformat(), "event_id": f"{call_id}-{word}"}).encode()
        await self.calls.send("/v1/call-events", body)

    async def _follow(self, screen: Screen) -> None:
        """Keep a desk's stream open as browsers do: broken off, it is resumed behind the last event heard."""
        while True:
            with suppress(httpx.HTTPError):
                await self.door.follow(screen, screen.last_id or None)
            await asyncio.sleep(0.2)
