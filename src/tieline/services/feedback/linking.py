"""What feedback is about: the call and the ticket it names, and whose work that was."""

from collections.abc import Sequence
from typing import Final

from tieline.domain.feedback import Feedback
from tieline.store import call_records, ticket_links, tickets
from tieline.store.call_records import CallRecord, KeptLeg
from tieline.store.database import Transaction

_NEW: Final = ("interaction_id", "ticket_id", "agent")


async def linked(tx: Transaction, feedback: Feedback) -> Feedback:
    """Return feedback with the call, ticket and agent it turns out to be about; what is known already stays.

    The agent is whoever talked last on the call, else whoever has the ticket: as it is now, whatever becomes of the ticket.
    """
    call = await call_records.hold(tx, feedback.call_id) if feedback.call_id and not feedback.interaction_id else None
    ticket_id = feedback.ticket_id
    if ticket_id is None and feedback.origin and feedback.ticket_there:
        ticket_id = await ticket_links.ticket_of(tx, feedback.origin, feedback.ticket_there)
    agent = feedback.agent or (await _last_who_talked(tx, call) if call else None)
    if agent is None and ticket_id is not None:
        ticket = await tickets.find(tx, ticket_id)
        agent = ticket.assignee if ticket else None
    found = (call.id if call else feedback.interaction_id, ticket_id, agent)
    return feedback.model_copy(update=dict(zip(_NEW, found, strict=True)))


async def _last_who_talked(tx: Transaction, call: CallRecord) -> str | None:
    legs: Sequence[KeptLeg] = await call_records.legs_of(tx, call.id)
    talked = [(leg.answered_at, leg.leg_key, leg.agent) for leg in legs if leg.agent and leg.answered_at]
    return max(talked)[2] if talked else None
