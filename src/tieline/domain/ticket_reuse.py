"""A repeat caller speaks of the ticket that is open already, unless it is said to be another matter."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from tieline.domain.ticket_hub import HubTicket
from tieline.domain.ticket_status import is_over


@dataclass(frozen=True, slots=True)
class Topic:
    """What a new ticket would be about."""

    category: str | None
    order_number: str | None


def reusable(candidates: Iterable[HubTicket], topic: Topic, *, now: datetime, within: timedelta) -> HubTicket | None:
    """Return the ticket to go on with: the customer's own, open, heard of within the window, and of the same matter.

    The same matter: what both name of category and order is the same. Of several, the one last changed.
    """
    fitting = [ticket for ticket in candidates if _goes_on(ticket, topic, now - within)]
    return max(fitting, key=lambda ticket: (ticket.updated_at, ticket.number), default=None)


def _goes_on(ticket: HubTicket, topic: Topic, since: datetime) -> bool:
    return (
        not is_over(ticket.status)
        and ticket.updated_at >= since
        and _agree(ticket.category, topic.category)
        and _agree(ticket.order_number, topic.order_number)
    )


def _agree(one: str | None, other: str | None) -> bool:
    return one is None or other is None or one == other
