"""The people who take calls."""

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from tieline.api.house import HouseOfRequest
from tieline.api.lists import Page
from tieline.api.strict_route import StrictRoute
from tieline.security.declarations import permit

router = APIRouter(route_class=StrictRoute, tags=["People and systems"])


class ShownAgent(BaseModel):
    """An agent as colleagues may see one: no private telephone, no address."""

    model_config = ConfigDict(frozen=True)

    id: str
    name: str
    role: str
    team: str | None = None
    extensions: tuple[str, ...] = ()
    language: str | None = None


@router.get("/v1/agents", operation_id="list_agents", summary="List the agents", dependencies=[permit("agents.read")])
async def list_agents(house: HouseOfRequest) -> Page[ShownAgent]:
    """Return everyone who is set up to take calls, by id. The list is short and comes whole."""
    agents = sorted(house.directory.now.agents.values(), key=lambda agent: agent.id)
    return Page(items=[ShownAgent.model_validate(agent, from_attributes=True) for agent in agents])
