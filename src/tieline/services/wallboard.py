"""What a supervisor sees of this moment: calls that wait, ring and talk, who is on them, and who still waits for an answer.

Calls are everyone's: how many wait names nobody. People and their tickets are told as figures are: an agent of themselves, who
leads a team of that team, who may see every team of all. What nobody has taken on is shown to everyone who leads.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, get_args

from tieline.domain.agent import Agent
from tieline.domain.follow_up_age import AgeBucket, bucket_of
from tieline.domain.interaction import InteractionState
from tieline.security.permissions import Caller
from tieline.services.tickets.desk import TicketDesk
from tieline.store import follow_ups, present_calls
from tieline.store.follow_ups import OpenFollowUp
from tieline.store.present_calls import Occupied, PresentCall

AgentState = Literal["talking", "held", "ringing", "free"]
CallStage = Literal["waiting", "ringing", "talking"]
STAGES: Final[Mapping[InteractionState, CallStage]] = {
    "queued": "waiting",
    "ringing": "ringing",
    "answered": "talking",
    "held": "talking",
}
"""A call that is in none of these is in a menu or is being written up."""

AGENT_STATES: Final[Mapping[str, AgentState]] = {"answered": "talking", "held": "held", "ringing": "ringing", "queued": "ringing"}
COUNTED_AT_MOST: Final = 5_000
LISTED_AT_MOST: Final = 200


@dataclass(frozen=True, slots=True)
class Present:
    """Calls by where they stand. `longest_wait_s`: of callers nobody has answered; None: there are none."""

    waiting: int
    ringing: int
    talking: int
    longest_wait_s: int | None


@dataclass(frozen=True, slots=True)
class AgentNow:
    """One agent. `free` means on no call we were told of, not that they are at their desk; `for_s`: how long they are on it."""

    agent: Agent
    state: AgentState
    for_s: int | None


@dataclass(frozen=True, slots=True)
class Moment:
    """Everything at once."""

    as_of: datetime
    calls: Present
    queues: Mapping[str | None, Present]
    agents: Sequence[AgentNow]


@dataclass(frozen=True, slots=True)
class Waiting:
    """One open follow-up and its age."""

    ticket: OpenFollowUp
    age: timedelta
    overdue: bool

    @property
    def bucket(self) -> AgeBucket:
        """Return the step its age falls into."""
        return bucket_of(self.age)


@dataclass(frozen=True, slots=True)
class Ageing:
    """Open follow-ups: step of age → how many are in time and how many overdue; and those that wait longest."""

    as_of: datetime
    buckets: Mapping[AgeBucket, tuple[int, int]]
    listed: Sequence[Waiting]


async def moment(desk: TicketDesk, *, by: Caller) -> Moment:
    """Return what goes on now."""
    now = desk.clock()
    async with desk.database.begin() as tx:
        live = await present_calls.calls(tx, now=now)
        occupied = {one.agent: one for one in await present_calls.occupied(tx, now=now)}
    queues = sorted({call.queue for call in live}, key=lambda queue: (queue is None, queue or ""))
    by_queue = {queue: _present((call for call in live if call.queue == queue), now) for queue in queues}
    people = [_agent(agent, occupied.get(agent.id), now) for agent in colleagues(desk, by).values()]
    return Moment(now, _present(live, now), by_queue, people)


async def ageing(desk: TicketDesk, *, by: Caller) -> Ageing:
    """Return who still waits for an answer to what they complained of."""
    now, seen, known = desk.clock(), colleagues(desk, by), desk.directory.now.agents
    leads = by.agent is None or by.may("agents.any")
    async with desk.database.begin() as tx:
        found = await follow_ups.open_ones(tx, limit=COUNTED_AT_MOST)
    waiting = [_waiting(one, now) for one in found if one.assignee in seen or (leads and one.assignee not in known)]
    buckets: dict[AgeBucket, tuple[int, int]] = dict.fromkeys(get_args(AgeBucket), (0, 0))
    for one in waiting:
        in_time, overdue = buckets[one.bucket]
        buckets[one.bucket] = (in_time + (not one.overdue), overdue + one.overdue)
    return Ageing(now, buckets, waiting[:LISTED_AT_MOST])


def colleagues(desk: TicketDesk, by: Caller) -> Mapping[str, Agent]:
    """Return the agents whose work the caller is told of, by id."""
    agents = desk.directory.now.agents
    if by.agent is None or by.may("teams.any"):
        return dict(sorted(agents.items()))
    own = agents.get(by.agent)
    if not by.may("agents.any"):
        return {by.agent: own} if own else {}
    team = own.team if own else None
    return {name: agent for name, agent in sorted(agents.items()) if team is None or agent.team == team}


def _present(calls: Iterable[PresentCall], now: datetime) -> Present:
    counts: dict[CallStage, int] = dict.fromkeys(get_args(CallStage), 0)
    waits = []
    for call in calls:
        stage = STAGES.get(call.state)
        if stage is None:
            continue
        counts[stage] += 1
        if stage != "talking" and call.direction == "inbound":
            waits.append(_seconds(now - call.started_at))
    return Present(counts["waiting"], counts["ringing"], counts["talking"], max(waits, default=None))


def _agent(agent: Agent, call: Occupied | None, now: datetime) -> AgentNow:
    if call is None:
        return AgentNow(agent, "free", None)
    return AgentNow(agent, AGENT_STATES[call.state], _seconds(now - call.since) if call.since else None)


def _waiting(ticket: OpenFollowUp, now: datetime) -> Waiting:
    return Waiting(ticket, max(now - ticket.since, timedelta(0)), ticket.due_at is not None and ticket.due_at < now)


def _seconds(span: timedelta) -> int:
    return max(0, int(span.total_seconds()))
