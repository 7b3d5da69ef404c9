"""Our own ticket: the hub that every other system's copy is a spoke of.

`Ticket` (`domain/ticket.py`) is a ticket as one system shows it; `HubTicket` is what we hold to be true.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from tieline.domain.customer import Tier
from tieline.domain.ticket import TicketPriority, TicketStatus
from tieline.domain.ticket_merge import HERE, Stand
from tieline.domain.ticket_sla import SlaClock

TicketSource = Literal["call", "agent", "feedback", "rule", "webhook"]
SYNCED: Final = ("subject", "description", "status", "priority", "category", "assignee", "order_number", "tags", "due_at")
"""The fields that are merged with other systems; everything else is ours alone, or told once when a ticket is made."""

SAID_BY_SOMEBODY: Final = tuple(name for name in SYNCED if name != "due_at")
"""Those that have a value from the first; a due time is reckoned from the promise until somebody sets one."""


class Stamp(BaseModel):
    """Who gave a field its present value, and when."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    by: str
    at: datetime


class HubTicket(BaseModel):
    """One ticket. `version` counts changes; durations in seconds; `number` is what people say on the telephone.

    `customer_ref` is `connection:id`; `phone` E.164. `sla_spent_s` and `sla_running_since` are the promise's clock. `due_at` is
    what the promise comes to, None while its clock stands, unless somebody set it (`due_is_set`), here or in another system.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: UUID
    number: int
    subject: str
    description: str | None = None
    status: TicketStatus = "new"
    priority: TicketPriority = "normal"
    category: str | None = None
    assignee: str | None = None
    order_number: str | None = None
    tags: tuple[str, ...] = ()
    source: TicketSource
    customer_ref: str | None = None
    phone: str | None = None
    call_id: str | None = None
    tier: Tier | None = None
    created_by: str
    created_at: datetime
    updated_at: datetime
    version: int = 1
    escalation: int = 0
    reopened: int = 0
    responded_at: datetime | None = None
    resolved_at: datetime | None = None
    closed_at: datetime | None = None
    response_due_at: datetime | None = None
    due_at: datetime | None = None
    sla_spent_s: int = 0
    sla_running_since: datetime | None = None
    stamps: Mapping[str, Stamp] = {}

    @property
    def shown_number(self) -> str:
        """Return the number as it is said and written."""
        return f"T-{self.number}"

    @property
    def clock(self) -> SlaClock:
        """Return the promise's clock."""
        return SlaClock(timedelta(seconds=self.sla_spent_s), self.sla_running_since)

    @property
    def due_is_set(self) -> bool:
        """Say whether somebody set the due time, so that the promise does not move it."""
        return "due_at" in self.stamps

    def values(self) -> dict[str, Any]:
        """Return the fields that are merged with other systems; no due time while the promise's clock stands."""
        return {name: getattr(self, name) for name in SYNCED if name != "due_at" or self.due_at is not None}

    def stands(self) -> dict[str, Stand]:
        """Return the same with who set them and when."""
        return {name: Stand(value, *self._stamp(name)) for name, value in self.values().items()}

    def _stamp(self, name: str) -> tuple[str, datetime]:
        stamp = self.stamps.get(name)
        return (stamp.by, stamp.at) if stamp else (HERE, self.created_at)
