"""A scenario of the simulated PBX, played into a running house: the PBX's own words over HTTP, its clock and ours put forward.

No step waits for the wall clock: it happens once the house has done everything that followed from the step before.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from tests.flows.door import LINE, Json, Screen
from tests.flows.house import QUICK_LINE, QUICK_MS, RunningHouse

from tieline.sandbox.heron_hook import HookPoster, PlayWish
from tieline.sandbox.player import Ring, Stage, play
from tieline.sandbox.scenarios import Scenario, scenarios

AGENTS: Final = ("1001", "1002", "2001", "9001")
FASTER: Final = 1500 / QUICK_MS
"""Where a system is slow, everything is: its delay and the line's deadline are shortened alike."""

PATIENCE_S: Final = 30.0
ENOUGH_S: Final = 1.5 * QUICK_MS / 1000
"""How long a step waits for systems that were told to hang."""


@dataclass
class Story:
    """One play: what each agent saw, what the exchange was answered, what the house made of it."""

    house: RunningHouse
    scenario: Scenario
    prefix: str
    screens: Mapping[str, Screen]
    posts: list[dict[str, Any]] = field(default_factory=list)

    def call_id(self, call: str = "a") -> str:
        """Return the exchange's id of one of the calls."""
        return f"{self.prefix}-{call}"

    def told(self, agent: str = "1001", call: str = "a") -> list[Json]:
        """Return every state of an agent's card of a call, in order."""
        return self.screens[agent].told_of(self.call_id(call))

    def card(self, agent: str = "1001", call: str = "a") -> Json:
        """Return an agent's card of a call as it stood last."""
        return self.told(agent, call)[-1]

    @property
    def shown(self) -> list[str]:
        """Return who was shown a card, once for each showing."""
        return [agent for agent, screen in self.screens.items() for _ in screen.of("pop.show")]

    @property
    def withdrawn(self) -> dict[str, list[str]]:
        """Return why cards were taken back, by agent."""
        reasons = {agent: [one["reason"] for one in screen.of("pop.withdraw")] for agent, screen in self.screens.items()}
        return {agent: given for agent, given in reasons.items() if given}

    async def trace(self, call: str = "a") -> Json:
        """Ask why."""
        return await self.house.trace(self.call_id(call))

    async def calls(self, columns: str) -> list[tuple[Any, ...]]:
        """Return columns of the interactions, in the order they began."""
        return await self.house.rows(f"SELECT {columns} FROM interactions ORDER BY started_at, call_key")  # noqa: S608 - a test's own

    async def legs(self) -> list[tuple[Any, ...]]:
        """Return agent and outcome of each agent's leg."""
        return await self.house.rows(
            "SELECT agent, outcome FROM legs WHERE agent IS NOT NULL ORDER BY rang_at, answered_at, leg_key"
        )


@asynccontextmanager
async def played(house: RunningHouse, name: str) -> AsyncIterator[Story]:
    """Play a scenario to its end and let the calls settle, with every agent's desk open."""
    scenario = scenarios()[name]
    async with AsyncExitStack() as stack:
        screens = {agent: await stack.enter_async_context(house.screen(agent)) for agent in AGENTS}
        story = Story(house, scenario, f"heron-{name}", screens)
        await _play(story, slow=_is_slow(scenario))
        yield story


async def _play(story: Story, *, slow: bool) -> None:
    house = story.house
    wish = PlayWish.model_validate({"scenario": "known", "target_url": f"{house.url}/v1/cti/pbx"})
    poster = HookPoster(str(wish.target_url), wish, story.posts)

    async def turn(system: str, knobs: Mapping[str, Any]) -> None:
        shortened = {"latency_ms": round(knobs["latency_ms"] / FASTER)} if "latency_ms" in knobs else {}
        house.sandbox.turn(system, **{**knobs, **shortened})

    async def wait(seconds: float) -> None:
        await _everything_done(story, at_most_s=ENOUGH_S if slow else PATIENCE_S)
        house.clock.forward(timedelta(seconds=seconds))

    stage = Stage(poster.post, turn, house.clock, wait)
    ring = Ring(story.scenario.caller, QUICK_LINE if slow else LINE, "1001", story.prefix)
    async with poster.client:
        await play(story.scenario, ring, stage)
    await _everything_done(story, at_most_s=PATIENCE_S)
    await house.settle()
    await _everything_done(story, at_most_s=PATIENCE_S)
    assert {post["status"] for post in story.posts} == {202}, story.posts


def _is_slow(scenario: Scenario) -> bool:
    return any(step.knobs and step.knobs.keys() & {"hang", "latency_ms"} for step in scenario.steps)


async def _everything_done(story: Story, *, at_most_s: float) -> None:
    """Wait until every card has been carried out, and every agent has heard what was sent."""
    under_way = story.house.house.delivery._tasks
    if under_way:
        await asyncio.wait(under_way, timeout=at_most_s)
    sent: Sequence[tuple[str, int]] = await story.house.rows("SELECT agent, max(id) FROM agent_events GROUP BY agent")
    for agent, newest in sent:
        await story.screens[agent].until(lambda heard, newest=newest: heard.last_id >= newest)  # type: ignore[misc] # bound now
