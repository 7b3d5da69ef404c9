"""Who gets a ticket: the first row that fits, and of the people it names the one with least to do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tieline.domain.agent import Agent
from tieline.domain.customer import Tier
from tieline.domain.ticket import TicketPriority


@dataclass(frozen=True, slots=True)
class AssignmentRow:
    """One row of the table. What is None fits everything; of the people, `agent`, or all of a `team` who hold a `role`."""

    category: str | None = None
    tier: Tier | None = None
    priority: TicketPriority | None = None
    agent: str | None = None
    team: str | None = None
    role: str | None = None


@dataclass(frozen=True, slots=True)
class Subject:
    """What the table is asked about."""

    category: str | None
    tier: Tier | None
    priority: TicketPriority


def assign(rows: Sequence[AssignmentRow], subject: Subject, agents: Sequence[Agent], *, load: Mapping[str, int]) -> str | None:
    """Return the agent's id; None: no row fits, or nobody whom it names is there. `load` counts open tickets by agent.

    Equal loads go to the lower id, so that the same question has the same answer.
    """
    for row in rows:
        if _fits(row, subject):
            named = [agent.id for agent in agents if _is_named(row, agent)]
            if named:
                return min(named, key=lambda agent: (load.get(agent, 0), agent))
    return None


def _fits(row: AssignmentRow, subject: Subject) -> bool:
    asked = ((row.category, subject.category), (row.tier, subject.tier), (row.priority, subject.priority))
    return all(wanted is None or wanted == found for wanted, found in asked)


def _is_named(row: AssignmentRow, agent: Agent) -> bool:
    wanted = ((row.agent, agent.id), (row.team, agent.team), (row.role, agent.role))
    return any(word is not None for word, _ in wanted) and all(word in {None, found} for word, found in wanted)
