"""The tickets a screen pop shows, with how far each system has them: what a desk reads when it hears `ticket.moved`."""

from typing import Annotated

from fastapi import APIRouter, Path

from tieline.api.house import HouseOfRequest
from tieline.api.openapi import problems
from tieline.api.strict_route import StrictRoute
from tieline.api.tickets_shown import TicketsOnCard, TicketWithCopies
from tieline.security.declarations import permit
from tieline.security.permissions import Caller
from tieline.services.seeing import as_seen
from tieline.services.tickets import reading

router = APIRouter(route_class=StrictRoute, tags=["Screen pops"])
Reader = Annotated[Caller, permit("tickets.read")]


@router.get(
    "/v1/pops/{pop_id}/tickets",
    operation_id="get_tickets_of_pop",
    summary="Which tickets does a pop show?",
    responses=problems({404: "There is no such pop, or it is not this agent's: `not_found`."}),
)
async def tickets_of_pop(
    pop_id: Annotated[str, Path(min_length=1, max_length=200, description="The pop's id.")],
    caller: Reader,
    house: HouseOfRequest,
) -> TicketsOnCard:
    """Return our tickets that the card shows, born in its call or with a copy that it lists, and how their copies stand."""
    found = await reading.on_card(house.tickets, pop_id, by=caller)
    seen = [as_seen(house.desk, caller, one, shape="hub_ticket") for one in found]
    return TicketsOnCard(items=[TicketWithCopies.model_validate(one) for one in seen])
