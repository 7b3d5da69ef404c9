"""This moment on the phones, and who still waits for an answer: what the reports' page refreshes by itself."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from tieline.api.house import HouseOfRequest
from tieline.api.strict_route import StrictRoute
from tieline.domain.feedback import FeedbackKind
from tieline.domain.follow_up_age import AgeBucket
from tieline.domain.ticket import TicketPriority, TicketStatus
from tieline.security.declarations import permit
from tieline.security.permissions import Caller
from tieline.services import wallboard
from tieline.services.wallboard import AgentNow, AgentState, Waiting

router = APIRouter(route_class=StrictRoute, tags=["Feedback"])
Reader = Annotated[Caller, permit("reports.read")]
_shown = ConfigDict(frozen=True, from_attributes=True)


class ShownPresent(BaseModel):
    """Calls by where they stand now."""

    model_config = _shown

    waiting: Annotated[int, Field(description="In a queue.")]
    ringing: int
    talking: Annotated[int, Field(description="With a person, those on hold among them.")]
    longest_wait_s: Annotated[int | None, Field(description="Of callers nobody has answered yet; null: there are none.")]


class ShownQueueNow(ShownPresent):
    """One queue; null where none was told."""

    queue: str | None


class ShownAgentNow(BaseModel):
    """One agent. `free`: on no call we were told of, which is not to say at their desk."""

    model_config = _shown

    id: str
    name: str
    team: str | None
    state: AgentState
    for_s: Annotated[int | None, Field(description="For how long on this call.")]


class ShownMoment(BaseModel):
    """Calls of the whole house; agents as far as the asker may see them."""

    model_config = _shown

    as_of: datetime
    calls: ShownPresent
    queues: Sequence[ShownQueueNow]
    agents: Sequence[ShownAgentNow]


class ShownAge(BaseModel):
    """How many have waited so long."""

    model_config = _shown

    bucket: AgeBucket
    in_time: int
    overdue: int


class ShownWaiting(BaseModel):
    """An open ticket that came of a low score or a complaint."""

    model_config = _shown

    ticket_id: UUID
    number: str
    kind: FeedbackKind
    score: int | None
    bucket: AgeBucket
    age_s: int
    due_at: datetime | None
    overdue: bool
    assignee: str | None
    status: TicketStatus
    priority: TicketPriority


class ShownAgeing(BaseModel):
    """Who waits, by how long. `items` are the 200 that wait longest; the buckets count them all."""

    model_config = _shown

    as_of: datetime
    buckets: Sequence[ShownAge]
    items: Sequence[ShownWaiting]


@router.get("/v1/wallboard", operation_id="get_wallboard", summary="What goes on now")
async def get_wallboard(caller: Reader, house: HouseOfRequest) -> ShownMoment:
    """Return the calls that wait, ring and talk at this moment, by queue and in all, and who is on them."""
    found = await wallboard.moment(house.tickets, by=caller)
    queues = [
        ShownQueueNow(queue=queue, **ShownPresent.model_validate(present).model_dump()) for queue, present in found.queues.items()
    ]
    return ShownMoment(
        as_of=found.as_of,
        calls=ShownPresent.model_validate(found.calls),
        queues=queues,
        agents=[_agent(one) for one in found.agents],
    )


@router.get("/v1/follow-ups", operation_id="get_follow_ups", summary="Who still waits for an answer")
async def get_follow_ups(caller: Reader, house: HouseOfRequest) -> ShownAgeing:
    """Return open tickets that came of a low score or a complaint, by how long they have waited, and the overdue among them."""
    found = await wallboard.ageing(house.tickets, by=caller)
    buckets = [ShownAge(bucket=name, in_time=in_time, overdue=late) for name, (in_time, late) in found.buckets.items()]
    return ShownAgeing(as_of=found.as_of, buckets=buckets, items=[_waiting(one) for one in found.listed])


def _agent(one: AgentNow) -> ShownAgentNow:
    agent = one.agent
    return ShownAgentNow(id=agent.id, name=agent.name, team=agent.team, state=one.state, for_s=one.for_s)


def _waiting(one: Waiting) -> ShownWaiting:
    ticket = one.ticket
    told = {name: getattr(ticket, name) for name in ("kind", "score", "due_at", "assignee", "status", "priority")}
    age_s = int(one.age.total_seconds())
    return ShownWaiting(
        ticket_id=ticket.id, number=f"T-{ticket.number}", bucket=one.bucket, age_s=age_s, overdue=one.overdue, **told
    )
