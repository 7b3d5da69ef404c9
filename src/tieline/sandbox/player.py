"""Plays a scenario in its own time: resolves who is meant, waits between the steps and hands each event on."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from tieline.sandbox.scenarios import EventWord, Scenario, Step

_COLLEAGUES: Final[Mapping[str, str]] = {"$second": "1002", "$senior": "2001", "$supervisor": "9001"}


@dataclass(frozen=True, slots=True)
class Ring:
    """Who calls whom. `call_prefix` begins every call id and must be new each time."""

    caller: str
    line: str
    agent: str
    call_prefix: str


@dataclass(frozen=True, slots=True)
class Told:
    """One event as it happened, before anybody put it into words. `number` counts the events of one playing."""

    number: int
    event: EventWord
    direction: Literal["inbound", "outbound", "internal"]
    call_id: str
    linked_call_id: str | None
    caller: str
    to: str
    agents: tuple[str, ...]
    target: str | None
    at: datetime
    step: Step


@dataclass(frozen=True, slots=True)
class Stage:
    """What a playing needs from outside: where events go, who turns knobs, the time, and how to wait."""

    post: Callable[[Told], Awaitable[None]]
    turn: Callable[[str, Mapping[str, Any]], Awaitable[None]]
    now: Callable[[], datetime]
    wait: Callable[[float], Awaitable[None]]


async def play(scenario: Scenario, ring: Ring, stage: Stage, *, speed: float = 1.0) -> int:
    """Play to the end and return how many events were posted. Knobs that were turned are put right, come what may.

    `speed` 2.0 is twice as fast. What `stage.post` raises ends the playing.
    """
    told, turned = 0, set()
    elapsed_ms = 0
    try:
        for step in scenario.steps:
            await stage.wait((step.at - elapsed_ms) / 1000 / speed)
            elapsed_ms = step.at
            if step.system is not None:
                turned.add(step.system)
                await stage.turn(step.system, step.knobs or {})
                continue
            event = _told(step, scenario, ring, number=told, now=stage.now())
            for _ in range(2 if step.twice else 1):
                await stage.post(event)
                told += 1
    finally:
        for system in sorted(turned):
            await stage.turn(system, {})
    return told


def _told(step: Step, scenario: Scenario, ring: Ring, *, number: int, now: datetime) -> Told:
    if step.event is None:
        raise ValueError("this step is no event")
    customer, line = step.caller or ring.caller, _person(scenario.to, ring) or ring.line
    outbound = scenario.direction == "outbound"
    return Told(
        number=number,
        event=step.event,
        direction=scenario.direction,
        call_id=f"{ring.call_prefix}-{step.call}",
        linked_call_id=f"{ring.call_prefix}-{step.linked_to}" if step.linked_to else None,
        caller=line if outbound else customer,
        to=customer if outbound else line,
        agents=tuple(_people(step.agents, ring)),
        target=_person(step.target, ring),
        at=now + timedelta(seconds=step.clock_s),
        step=step,
    )


def _people(names: tuple[str, ...], ring: Ring) -> Iterator[str]:
    for name in names:
        person = _person(name, ring)
        if person is not None:
            yield person


def _person(name: str | None, ring: Ring) -> str | None:
    """Return who `$agent` or a `$colleague` is; whoever plays the agent is not their own colleague too."""
    if name is None or not name.startswith("$"):
        return name
    if name == "$agent":
        return ring.agent
    colleague = _COLLEAGUES[name]
    return "1001" if colleague == ring.agent else colleague
