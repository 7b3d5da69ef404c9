"""What a rule decided between two systems is taken back: the value that lost holds again, everywhere."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, ConfigDict, Field

from tieline.api.house import HouseOfRequest
from tieline.api.ids import id_in
from tieline.api.openapi import problems
from tieline.api.strict_route import StrictRoute
from tieline.api.tickets_shown import TicketWithCopies
from tieline.security.declarations import permit
from tieline.security.permissions import Caller
from tieline.services.seeing import as_seen
from tieline.services.tickets import reading, restoring
from tieline.services.tickets.fields import SyncedField

router = APIRouter(route_class=StrictRoute, tags=["Tickets"])
Writer = Annotated[Caller, permit("tickets.write")]


class Restoring(BaseModel):
    """Which field gets the value back that lost last."""

    model_config = ConfigDict(frozen=True, extra="forbid", json_schema_extra={"examples": [{"field": "status"}]})

    field: Annotated[SyncedField, Field(description="As in the lines of the history whose `kind` is `settled`.")]


@router.post(
    "/v1/tickets/{ticket_id}/restore",
    operation_id="restore_ticket_value",
    summary="Give a field back what a rule took from it",
    responses=problems(
        {
            404: "There is no such ticket: `not_found`.",
            409: "Nothing was lost in thirty days: `nothing_lost`; or no step leads there: `ticket_transition`.",
        }
    ),
)
async def restore(
    ticket_id: Annotated[str, Path(max_length=60, description="The ticket's id.")],
    wanted: Restoring,
    caller: Writer,
    house: HouseOfRequest,
    response: Response,
) -> TicketWithCopies:
    """Let the value hold that lost last when a rule settled between two systems. Every copy is told."""
    ticket = await restoring.restore(house.tickets, id_in(ticket_id), wanted.field, by=caller)
    response.headers["ETag"] = f'"{ticket.version}"'
    document: dict[str, Any] = await reading.summary(house.tickets, ticket)
    seen = as_seen(house.desk, caller, document, shape="hub_ticket")
    return TicketWithCopies.model_validate(seen)
