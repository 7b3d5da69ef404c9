"""Give a field the value back that lost when a rule settled between us and another system. It is kept for thirty days."""

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from tieline.domain.errors import NotFound, StateConflict
from tieline.domain.ticket_change import Change
from tieline.domain.ticket_hub import HubTicket
from tieline.domain.ticket_status import step
from tieline.security.permissions import Caller
from tieline.services.tickets.desk import TicketDesk
from tieline.services.tickets.fields import checked
from tieline.services.tickets.record import audit, carry_through
from tieline.store import ticket_history, tickets
from tieline.store.database import Transaction

KEPT_FOR: Final = timedelta(days=30)
LINES: Final = 1000
"""Of a history, the latest, in which a loss is looked for."""


async def restore(desk: TicketDesk, ticket_id: UUID, field: str, *, by: Caller) -> HubTicket:
    """Give a field the value that lost last, everywhere; one that has it already stays as it is.

    Raises: NotFound. StateConflict: nothing was lost in the last thirty days, or no step leads back there.
    """
    now = desk.clock()
    async with desk.database.begin() as tx:
        ticket = await tickets.lock(tx, ticket_id)
        if ticket is None:
            raise NotFound
        value = checked(field, await _lost(tx, ticket_id, field, since=now - KEPT_FOR))
        if field == "status" and value != ticket.status:
            step(ticket.status, value)
        change = Change({field: value}, by.actor, now)
        changed = await carry_through(tx, desk, ticket, change, kind="restored", details={"field": field})
        if changed.fields:
            await audit(tx, ticket, by, "value_restored", at=now, field=field)
    return changed.ticket


async def _lost(tx: Transaction, ticket_id: UUID, field: str, *, since: datetime) -> Any:  # noqa: ANN401 - whatever the field holds
    for event in await ticket_history.events(tx, ticket_id, limit=LINES):
        if event.kind == "settled" and event.details.get("field") == field and event.at >= since:
            return event.details["lost"]["value"]
    raise StateConflict("No value of this field was lost in the last thirty days.", code="nothing_lost")
