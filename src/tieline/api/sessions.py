"""Who is signed in as an agent, ended at once by the agent or by whoever manages keys."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from tieline.api.house import HouseOfRequest
from tieline.api.lists import Page
from tieline.api.openapi import problems
from tieline.api.strict_route import StrictRoute
from tieline.security.declarations import permit
from tieline.security.permissions import Caller
from tieline.services import sessions
from tieline.store.sessions import SessionRow

router = APIRouter(route_class=StrictRoute, tags=["Administration"])

Agent = Annotated[str, Path(min_length=1, max_length=200, description="The agent's id.")]
SessionId = Annotated[str, Path(min_length=1, max_length=40, description="The session's `id`.")]
Holder = Annotated[Caller, permit("sessions.end")]
Manager = Annotated[Caller, permit("keys.manage")]


class ShownSession(BaseModel):
    """One session. `by`: who vouched; None: a personal key."""

    model_config = ConfigDict(frozen=True)

    id: str
    role: Annotated[str | None, Field(description="The role a provider's groups gave; null: the agent's own.")]
    by: Annotated[
        str | None, Field(description="Who vouched for them; null: a personal key.", examples=["https://login.acme.cn"])
    ]
    device: Annotated[str, Field(description="Browser and system; empty: not known.", examples=["Chrome, Windows"])]
    address: Annotated[str, Field(description="The network it was opened from.", examples=["203.0.113.*"])]
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime


class Ended(BaseModel):
    """How many ended."""

    model_config = ConfigDict(frozen=True)

    ended: int


_NOBODY = problems({404: "There can be no such agent: `not_found`."})


@router.get("/v1/agents/{agent}/sessions", operation_id="list_sessions", summary="List an agent's sessions", responses=_NOBODY)
async def list_sessions(agent: Agent, caller: Holder, house: HouseOfRequest) -> Page[ShownSession]:
    """Return the sessions that still open something, the newest first."""
    rows = await sessions.of_agent(house.database, agent, asker=caller, now=house.clock())
    return Page(items=[_shown(row) for row in rows])


@router.delete(
    "/v1/agents/{agent}/sessions", operation_id="end_sessions", summary="Sign an agent out everywhere", responses=_NOBODY
)
async def end_sessions(agent: Agent, caller: Holder, house: HouseOfRequest) -> Ended:
    """End all sessions of an agent, on every replica; pages that are open close within seconds."""
    return Ended(ended=await sessions.end(house.database, agent, None, asker=caller, now=house.clock()))


@router.delete(
    "/v1/agents/{agent}/sessions/{session_id}",
    operation_id="end_session",
    summary="End one session",
    responses=problems({404: "There is no such session: `not_found`."}),
)
async def end_session(agent: Agent, session_id: SessionId, caller: Holder, house: HouseOfRequest) -> Ended:
    """End one session of an agent, on every replica."""
    return Ended(ended=await sessions.end(house.database, agent, session_id, asker=caller, now=house.clock()))


@router.delete(
    "/v1/agents/{agent}/identities", operation_id="unbind_identities", summary="Forget an agent's accounts", responses=_NOBODY
)
async def unbind_identities(agent: Agent, caller: Manager, house: HouseOfRequest) -> Ended:
    """Forget which accounts of sign-in providers an agent is, and end the sessions; the next sign-in binds anew."""
    return Ended(ended=await sessions.unbind(house.database, agent, asker=caller, now=house.clock()))


def _shown(row: SessionRow) -> ShownSession:
    return ShownSession(
        id=row.id,
        role=row.role,
        by=row.issuer,
        device=row.device,
        address=row.address,
        created_at=row.created_at,
        last_seen_at=row.last_seen_at,
        expires_at=row.expires_at,
    )
