"""Who should get a call, by what the house itself remembers: a table of reasons, the first that holds decides the priority."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from tieline.domain.agent import Agent
from tieline.domain.line import Line
from tieline.domain.people import KnownNumber, Person
from tieline.domain.repeat_caller import PastCall, RepeatCaller

NORMAL: Final = 0
RAISED: Final = 10
HIGH: Final = 20
"""Priorities as exchanges count them: the higher goes first."""

SAME_AGENT_WITHIN: Final = timedelta(hours=24)
"""How long a caller is brought back to whoever served them last."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What is known of the caller without asking anybody. `people` carry the number; several mean that nobody is."""

    line: Line
    now: datetime
    people: Sequence[Person] = ()
    past: Sequence[PastCall] = ()
    repeat: RepeatCaller | None = None
    spam: bool = False

    @property
    def person(self) -> Person | None:
        """The one who is calling, if it can only be one."""
        return self.people[0] if len(self.people) == 1 else None

    @property
    def tier(self) -> str | None:
        """The caller's tier, by the most trusted record that names one."""
        rows: Sequence[KnownNumber] = self.person.known if self.person else ()
        return next((row.tier for row in rows if row.tier), None)


@dataclass(frozen=True, slots=True)
class Route:
    """Where a call should go. `queue` is None where the line has none; `reason` names the rules, for people and logs."""

    queue: str | None
    priority: int
    reason: str
    skills: tuple[str, ...] = ()
    agent: str | None = None


Rule = Callable[[Circumstances], bool]
PRIORITIES: Final[tuple[tuple[str, int, Rule], ...]] = (
    ("spam", NORMAL, lambda caller: caller.spam),
    ("cut_off", HIGH, lambda caller: caller.repeat is not None and caller.repeat.follow == "same_thread"),
    ("third_call_today", HIGH, lambda caller: caller.repeat is not None and caller.repeat.raises_priority),
    ("high_value", HIGH, lambda caller: caller.tier == "high_value"),
    ("churn_risk", RAISED, lambda caller: caller.tier == "churn_risk"),
    ("called_again", RAISED, lambda caller: caller.repeat is not None and not caller.repeat.by_line),
)


def route(caller: Circumstances, agents: Mapping[str, Agent]) -> Route:
    """Decide. There is always an answer: an unknown caller goes to the line's first queue."""
    word, priority = next(((word, priority) for word, priority, holds in PRIORITIES if holds(caller)), ("usual", NORMAL))
    agent = None if caller.spam else _same_agent(caller, agents)
    reasons = [word, "same_agent"] if agent is not None else [word]
    return Route(
        queue=next(iter(caller.line.queues), None),
        priority=priority,
        reason=", ".join(reasons),
        skills=tuple(dict.fromkeys(filter(None, (caller.line.language, caller.tier)))),
        agent=agent,
    )


def _same_agent(caller: Circumstances, agents: Mapping[str, Agent]) -> str | None:
    """Return who served this caller last, lately, if that agent still works on this line. A shared number brings nobody back."""
    if len(caller.people) > 1:
        return None
    served = (call for call in caller.past if call.answered_at is not None and caller.now - call.started_at <= SAME_AGENT_WITHIN)
    last = max(served, key=lambda call: call.started_at, default=None)
    agent = agents.get(last.agent) if last is not None and last.agent is not None else None
    if agent is None or (agent.queues and caller.line.queues and set(agent.queues).isdisjoint(caller.line.queues)):
        return None
    return agent.id
