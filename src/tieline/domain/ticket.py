"""A ticket (vendor: case, issue, incident), in our words."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from tieline.domain.references import ExternalRef

TicketStatus = Literal["new", "open", "in_progress", "pending_customer", "resolved", "closed", "reopened", "cancelled"]
TicketPriority = Literal["low", "normal", "high", "urgent"]
OPEN_TICKET_STATUSES: frozenset[TicketStatus] = frozenset({"new", "open", "in_progress", "pending_customer", "reopened"})


class Ticket(BaseModel):
    """One ticket as one system knows it.

    `customer` is that system's id of whom it is for; `external_id` the key of ours it keeps, where it has a place for one;
    `version` whatever it tells one state of the ticket from the next by.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    ref: ExternalRef
    number: str | None = None
    subject: str | None = None
    description: str | None = None
    status: TicketStatus = "open"
    priority: TicketPriority = "normal"
    category: str | None = None
    assignee: str | None = None
    opened_at: datetime | None = None
    updated_at: datetime | None = None
    due_at: datetime | None = None
    url: str | None = None
    order_number: str | None = None
    tags: tuple[str, ...] = ()
    customer: str | None = None
    external_id: str | None = None
    version: str | None = None
