"""Tell the desks that show a ticket when it stands differently.

An event says only that there is something to read: it is written in the midst of a transaction, and read after its end.
"""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from tieline.domain.agent_event import AgentEvent
from tieline.domain.delivery import Delivery
from tieline.domain.ticket_hub import HubTicket
from tieline.services.tickets.desk import TicketDesk
from tieline.services.tickets.telling import COMMENT
from tieline.store import agent_events, ticket_history, ticket_screens, tickets
from tieline.store.database import Transaction

ON_A_SCREEN_FOR: Final = timedelta(hours=5)
"""No call is live longer (`push.channel.LIVE_AT_MOST`)."""


async def moved(tx: Transaction, ticket: HubTicket, *, now: datetime) -> None:
    """Tell every desk whose card shows this ticket to read it again."""
    for screen in await ticket_screens.showing(tx, ticket.id, call_id=ticket.call_id, since=now - ON_A_SCREEN_FOR):
        payload = {"pop_id": screen.pop_id, "ticket_id": str(ticket.id)}
        await agent_events.append(tx, AgentEvent(screen.agent, "ticket.moved", screen.pop_id, 0, payload), now=now)


class DeliveryWatch:
    """Hears how what other systems are told of tickets gets on."""

    def __init__(self, desk: TicketDesk) -> None:
        self._desk = desk

    async def __call__(self, tx: Transaction, delivery: Delivery) -> None:
        """Tell the desks that show the ticket a delivery is about."""
        found = UUID(delivery.object_id)
        if delivery.object_kind == COMMENT:
            comment = await ticket_history.comment(tx, found)
            if comment is None:
                return
            found = comment.ticket_id
        ticket = await tickets.find(tx, found)
        if ticket is not None:
            await moved(tx, ticket, now=self._desk.clock())
