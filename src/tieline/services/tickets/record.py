"""Write a change of a ticket down: the ticket, its history, the audit, and what other systems are promised. One transaction."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from tieline.domain.ticket_change import Change, Changed, change
from tieline.domain.ticket_hub import HubTicket
from tieline.domain.ticket_link import as_document
from tieline.domain.ticket_status import is_over
from tieline.security.permissions import Caller
from tieline.services.feedback import looping
from tieline.services.tickets.desk import TicketDesk
from tieline.services.tickets.screens import moved
from tieline.services.tickets.telling import tell
from tieline.store import audit_trail, happenings, ticket_history, tickets
from tieline.store.database import Transaction
from tieline.store.happenings import Happening
from tieline.store.journal_rows import AuditRow
from tieline.store.ticket_history import TicketEvent

EVENTS: Final[Mapping[str, str]] = {
    "created": "ticket.created",
    "changed": "ticket.changed",
    "synced": "ticket.changed",
    "decided": "ticket.changed",
    "restored": "ticket.changed",
    "commented": "ticket.commented",
    "escalated": "ticket.escalated",
}
"""Lines of a history that are news beyond the ticket: for rules, and for whoever subscribed."""


async def carry_through(
    tx: Transaction,
    desk: TicketDesk,
    before: HubTicket,
    wanted: Change,
    *,
    kind: str = "changed",
    details: Mapping[str, Any] = {},
) -> Changed:
    """Change a locked ticket and tell everybody. What changes nothing leaves no trace."""
    changed = change(before, wanted, desk.policy.promise)
    if changed.fields:
        await tickets.save(tx, changed.ticket)
        fields = {name: [as_document(old), as_document(new)] for name, (old, new) in changed.fields.items()}
        await note(tx, before, wanted.by, kind, at=wanted.at, fields=fields, **details)
        await tell(tx, desk.directory.now, changed.ticket, now=wanted.at)
        if is_over(changed.ticket.status) and not is_over(before.status):
            await looping.ticket_over(tx, desk.directory.now, changed.ticket, now=wanted.at)
    return changed


async def note(tx: Transaction, ticket: HubTicket, by: str, kind: str, *, at: datetime, **details: Any) -> None:  # noqa: ANN401 - JSON
    """Add a line to a ticket's history; the desks that show it read it again, and what is news beyond it is told as an event."""
    await ticket_history.append(tx, TicketEvent(ticket.id, at, by, kind, details))
    await moved(tx, ticket, now=at)
    if kind in EVENTS:
        await happenings.add(tx, Happening(EVENTS[kind], str(ticket.id), at, {"by": by}), now=at)


async def audit(tx: Transaction, ticket: HubTicket, by: Caller, did: str, *, at: datetime, **details: Any) -> None:  # noqa: ANN401 - JSON
    """Write down who did what with a ticket: names of fields and words of ours, nobody's data."""
    row = AuditRow(
        at=at,
        actor=by.actor,
        actor_role=by.role,
        action=f"ticket.{did}",
        subject=f"ticket:{ticket.id}",
        call_id=ticket.call_id,
        details=details,
    )
    await audit_trail.write(tx, row)
