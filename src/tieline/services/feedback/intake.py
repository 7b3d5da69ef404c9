"""Take feedback in: checked, linked, kept, answered by a ticket where it must be, promised to other systems. One transaction."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tieline.domain.errors import NotAllowed, RequestRefused
from tieline.domain.feedback import Feedback, FeedbackKind, checked_score
from tieline.kit.ids import time_ordered_id
from tieline.security.permissions import Caller
from tieline.services.customers.standing_due import something_happened
from tieline.services.feedback.answering import answer
from tieline.services.feedback.linking import linked
from tieline.services.feedback.telling import tell
from tieline.services.tickets.desk import TicketDesk
from tieline.services.understanding.suggesting import by_rules
from tieline.store import audit_trail, feedback, happenings, tickets
from tieline.store.database import Transaction
from tieline.store.feedback import KnownFeedback
from tieline.store.happenings import Happening
from tieline.store.journal_rows import AuditRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a customer said, as somebody reports it. `at` None: just now."""

    kind: FeedbackKind
    channel: str
    score: int | None = None
    text: str | None = None
    call_id: str | None = None
    ticket_id: UUID | None = None
    customer_ref: str | None = None
    phone: str | None = None
    agent: str | None = None
    tags: tuple[str, ...] = ()
    causes: tuple[str, ...] = ()
    at: datetime | None = None


async def take_in(tx: Transaction, desk: TicketDesk, said: Said, *, by: Caller) -> KnownFeedback:
    """Take in what somebody reports.

    Raises: RequestRefused: a score that does not fit (`score_…`), or no such ticket, agent or connection (`…_unknown`).
    NotAllowed: it is said to be about a colleague the asker does not speak for.
    """
    checked_score(said.kind, said.score)
    await _check(tx, desk, said, by)
    now = desk.clock()
    fields = {name: getattr(said, name) for name in Said.__dataclass_fields__ if name != "at"}
    heard = {"id": UUID(time_ordered_id(now)), "at": said.at or now, "received_at": now, "received_by": by.actor}
    kept = await keep(tx, desk, Feedback(**fields, **heard), by=by)
    await happenings.add(
        tx, Happening("feedback.received", str(heard["id"]), said.at or now, {"by": by.actor, "kind": said.kind}), now=now
    )
    return kept


async def keep(tx: Transaction, desk: TicketDesk, new: Feedback, *, by: Caller) -> KnownFeedback:
    """Keep new feedback, and do what follows from it."""
    about = await linked(tx, new)
    await feedback.add(tx, about)
    await feedback.note_understood(tx, about.id, by_rules(desk.directory.now, about.text))
    await _note(tx, about, "received", by=by)
    return await follow(tx, desk, about.id, by=by)


async def renew(tx: Transaction, desk: TicketDesk, changed: Feedback, *, by: Caller) -> KnownFeedback:
    """Write what was learned of locked feedback, and do what follows from it."""
    about = await linked(tx, changed)
    await feedback.save(tx, about)
    await feedback.note_understood(tx, about.id, by_rules(desk.directory.now, about.text))
    await _note(tx, about, "changed", by=by)
    return await follow(tx, desk, about.id, by=by)


async def follow(tx: Transaction, desk: TicketDesk, feedback_id: UUID, *, by: Caller) -> KnownFeedback:
    """Answer it by a ticket, and promise it to the systems that keep feedback: each once, however often this is asked."""
    known = await answer(tx, desk, await _present(tx, feedback_id), by=by)
    await tell(tx, desk.directory.now, known, now=desk.clock())
    if known.customer_ref is not None:
        await feedback.note_known(tx, feedback_id)
    if known.customer_ref is not None or known.phone is not None:
        await something_happened(tx, desk.directory.now, known.customer_ref, known.phone, now=desk.clock())
    return await _present(tx, feedback_id)


async def _present(tx: Transaction, feedback_id: UUID) -> KnownFeedback:
    known = await feedback.lock(tx, feedback_id)
    if known is None:
        message = "feedback vanished within the transaction that keeps it"
        raise RuntimeError(message)
    return known


async def _check(tx: Transaction, desk: TicketDesk, said: Said, by: Caller) -> None:
    directory = desk.directory.now
    if said.ticket_id is not None and await tickets.find(tx, said.ticket_id) is None:
        raise RequestRefused("There is no such ticket.", code="ticket_unknown")
    if said.customer_ref is not None and said.customer_ref.partition(":")[0] not in directory.connections:
        raise RequestRefused("There is no such connection.", code="connection_unknown")
    if said.agent is None:
        return
    if not by.speaks_for(said.agent):
        raise NotAllowed
    if said.agent not in directory.agents:
        raise RequestRefused("There is no such agent.", code="agent_unknown")


async def _note(tx: Transaction, about: Feedback, did: str, *, by: Caller) -> None:
    details = {
        "kind": about.kind,
        "channel": about.channel,
        "linked": about.interaction_id is not None or about.ticket_id is not None,
    }
    row = AuditRow(
        at=about.received_at,
        actor=by.actor,
        actor_role=by.role,
        action=f"feedback.{did}",
        subject=f"feedback:{about.id}",
        call_id=about.call_id,
        details=details,
    )
    await audit_trail.write(tx, row)
