"""Tickets of people who were let down, past their due time: handed to somebody higher, once."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from tieline.domain.match_reasons import Language
from tieline.security.permissions import Caller
from tieline.services.tickets.changing import Escalation, escalate_locked
from tieline.services.tickets.desk import TicketDesk
from tieline.store import feedback_loops, tickets

AT_ONCE: Final = 200
HOUSE: Final = Caller(actor="tieline", role="service", scopes=frozenset())
_WHY: Final[dict[Language, str]] = {
    "zh": "客户反馈未在承诺时间内处理，已自动升级。",
    "en": "The customer's feedback was not seen to in the promised time; escalated.",
}


async def overdue(desk: TicketDesk, now: datetime) -> Sequence[UUID]:
    """Return the tickets that are due to be escalated, the longest waiting first."""
    async with desk.database.read() as conn:
        return [loop.ticket_id for loop in await feedback_loops.overdue(conn, now=now, limit=AT_ONCE)]


async def escalate(desk: TicketDesk, ticket_id: UUID) -> bool:
    """Escalate one; False: somebody else did, or it is over or no longer late."""
    now = desk.clock()
    async with desk.database.begin() as tx:
        ticket = await tickets.lock(tx, ticket_id)
        if ticket is None or ticket.due_at is None or ticket.due_at >= now:
            return False
        if not await feedback_loops.note_escalated(tx, ticket_id, at=now):
            return False
        lines = desk.directory.now.lines.values()
        language: Language = "en" if lines and all(line.language == "en" for line in lines) else "zh"
        await escalate_locked(tx, desk, ticket, Escalation(reason=_WHY[language]), by=HOUSE)
    return True
