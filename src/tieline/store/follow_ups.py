"""Open tickets that came of a low score or a complaint."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from tieline.domain.feedback import FeedbackKind
from tieline.domain.ticket import TicketPriority, TicketStatus
from tieline.store import driver_rows

_OPEN: Final = """
    SELECT t.id, t.number, t.status, t.priority, t.assignee, t.due_at, came.kind, came.score, came.since
    FROM tickets AS t CROSS JOIN LATERAL (
        SELECT f.kind, f.score, f.received_at AS since FROM feedback AS f WHERE f.follow_up_ticket = t.id
        ORDER BY f.follow_up = 'went_on', f.received_at DESC LIMIT 1
    ) AS came
    WHERE t.status NOT IN ('resolved', 'closed', 'cancelled') ORDER BY came.since, t.number LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True)
class OpenFollowUp:
    """One of them, and what it came of: the feedback that opened it or began it anew. `since`: when we heard of that."""

    id: UUID
    number: int
    status: TicketStatus
    priority: TicketPriority
    assignee: str | None
    due_at: datetime | None
    kind: FeedbackKind
    score: int | None
    since: datetime


async def open_ones(conn: AsyncConnection, *, limit: int) -> list[OpenFollowUp]:
    """Return them, those that wait longest first."""
    return await driver_rows.rows(conn, OpenFollowUp, _OPEN, {"limit": limit})
