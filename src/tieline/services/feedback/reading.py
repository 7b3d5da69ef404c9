"""Reading feedback: documents, unmasked, of what the asker may see. Who reads is in the audit."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from tieline.domain.errors import NotFound
from tieline.domain.feedback import Feedback
from tieline.domain.ticket_hub import HubTicket
from tieline.security.permissions import Caller
from tieline.services.tickets.desk import TicketDesk
from tieline.store import audit_trail, feedback, feedback_loops, tickets
from tieline.store.database import Transaction
from tieline.store.feedback import FeedbackFilter, KnownFeedback
from tieline.store.feedback_loops import FeedbackLoop
from tieline.store.journal_rows import AuditRow

_TOLD: Final = (
    "id",
    "kind",
    "score",
    "text",
    "channel",
    "call_id",
    "agent",
    "tags",
    "causes",
    "at",
    "received_at",
    "received_by",
)


async def page(
    desk: TicketDesk, wanted: FeedbackFilter, *, after: tuple[datetime, UUID] | None, limit: int, by: Caller
) -> Sequence[dict[str, Any]]:
    """Return feedback, the last received first. A person who may not see others' work sees what was said of their own."""
    narrowed = sorted(name for name, value in asdict(wanted).items() if value is not None)
    own = by.agent if by.agent is not None and not by.may("agents.any") else None
    if own is not None and wanted.agent not in {None, own}:
        return ()
    async with desk.database.begin() as tx:
        found = await feedback.page(tx, replace(wanted, agent=own) if own else wanted, after=after, limit=limit)
        await audit_trail.write(tx, _note(by, desk.clock(), narrowed_by=narrowed, limit=limit))
        return await _documents(tx, found)


async def read(desk: TicketDesk, feedback_id: UUID, *, by: Caller) -> dict[str, Any]:
    """Return one just taken in. Of a colleague's work its reporter is told only what they said themselves."""
    async with desk.database.read() as conn:
        known = await feedback.find(conn, feedback_id)
        if known is None:
            message = "feedback vanished after it was kept"
            raise RuntimeError(message)
        (document,) = await _documents(conn, [known])
    if known.feedback.agent is not None and not by.speaks_for(known.feedback.agent):
        said = known.feedback
        document |= {"customer_ref": said.customer_ref, "phone": said.phone, "agent": None, "line": None, "queue": None}
    return document


async def one(desk: TicketDesk, feedback_id: UUID, *, by: Caller) -> dict[str, Any]:
    """Return one piece of feedback. Raises: NotFound: there is none, or it is about a colleague whose work one does not see."""
    async with desk.database.begin() as tx:
        known = await feedback.find(tx, feedback_id)
        if known is None or (by.agent is not None and not by.may("agents.any") and known.feedback.agent != by.agent):
            raise NotFound
        await audit_trail.write(tx, _note(by, desk.clock(), narrowed_by=["id"], limit=1))
        (document,) = await _documents(tx, [known])
    return document


async def _documents(conn: Transaction, found: Sequence[KnownFeedback]) -> list[dict[str, Any]]:
    followed = await tickets.among(conn, {one.feedback.follow_up_ticket for one in found if one.feedback.follow_up_ticket})
    loops = await feedback_loops.among(conn, [one.feedback.id for one in found])
    return [_document(one, followed, loops.get(one.feedback.id)) for one in found]


def _document(known: KnownFeedback, followed: Mapping[UUID, HubTicket], loop: FeedbackLoop | None) -> dict[str, Any]:
    said = known.feedback
    ticket = followed.get(said.follow_up_ticket) if said.follow_up_ticket else None
    return {
        **said.model_dump(mode="json", include=set(_TOLD)),
        "ticket_id": str(known.ticket_id) if known.ticket_id else None,
        "customer_ref": known.customer_ref,
        "phone": known.phone,
        "line": known.line,
        "queue": known.queue,
        "origin": said.origin,
        "understood": known.understood,
        "purchase": known.purchase,
        "corrected": known.corrected,
        "follow_up": {**_follow_up(said, ticket), **_loop(loop)} if ticket else None,
        "written": [_written(name, standing) for name, standing in sorted(known.written.items())],
    }


def _follow_up(said: Feedback, ticket: HubTicket) -> dict[str, Any]:
    return {
        "what": said.follow_up,
        "ticket_id": str(ticket.id),
        "number": ticket.shown_number,
        "status": ticket.status,
        "assignee": ticket.assignee,
        "due_at": ticket.due_at.isoformat() if ticket.due_at else None,
    }


def _loop(loop: FeedbackLoop | None) -> dict[str, Any]:
    """Tell how the loop goes: opened, spoken with again, over, escalated; each null until it comes to that."""
    moments = {name: getattr(loop, name, None) for name in ("opened_at", "contacted_at", "closed_at", "escalated_at")}
    return {name: moment.isoformat() if moment else None for name, moment in moments.items()}


def _written(connection: str, standing: dict[str, Any]) -> dict[str, Any]:
    return {
        "connection": connection,
        "state": standing["state"],
        "external_id": standing.get("external_id"),
        "url": standing.get("url"),
        "fault": standing.get("code"),
    }


def _note(by: Caller, now: datetime, **details: Any) -> AuditRow:  # noqa: ANN401 - JSON
    return AuditRow(at=now, actor=by.actor, actor_role=by.role, action="feedback.read", details=details)
