"""The loop from the day somebody was let down: we speak with them again, the ticket is over, and they are asked once more.

Noted in the transaction of the fact. Nothing here asks another system.
"""

from datetime import datetime
from typing import Final
from uuid import UUID

from tieline.domain.interaction import Interaction
from tieline.domain.survey_guards import SERVED
from tieline.domain.ticket_hub import HubTicket
from tieline.services.customers.standing_due import something_happened
from tieline.services.directory import Directory
from tieline.services.surveys import occasions
from tieline.store import call_records, feedback_loops
from tieline.store.database import Transaction
from tieline.store.feedback import KnownFeedback
from tieline.store.feedback_loops import FeedbackLoop

CALL: Final = "call"
COMMENT: Final = "comment"


async def opened(tx: Transaction, known: KnownFeedback, ticket: HubTicket, *, now: datetime) -> None:
    """Open the loop of feedback that a ticket answers."""
    loop = FeedbackLoop(
        feedback_id=known.feedback.id,
        ticket_id=ticket.id,
        customer_ref=known.customer_ref or ticket.customer_ref,
        phone=known.phone or ticket.phone,
        opened_at=now,
    )
    await feedback_loops.open_one(tx, loop)


async def call_ended(tx: Transaction, directory: Directory, interaction_id: UUID, story: Interaction, *, now: datetime) -> None:
    """A call with somebody who waited to hear from us, whoever rang whom, is the second contact."""
    if story.outcome != SERVED or story.internal:
        return
    call = await call_records.by_id(tx, interaction_id)
    await something_happened(tx, directory, call.customer_ref if call else None, call.customer_e164 if call else None, now=now)
    phone = story.customer.e164 if story.customer is not None and not story.customer.withheld else None
    waited = await feedback_loops.contacted(
        tx,
        phone=phone,
        customer_ref=call.customer_ref if call else None,
        at=story.answered_at or story.started_at,
        by=f"{CALL}:{interaction_id}",
    )
    await occasions.second_contact(tx, directory, waited, agent=story.last_agent, now=now)


async def answered_in_ticket(
    tx: Transaction, directory: Directory, ticket: HubTicket, comment_id: UUID, *, agent: str, now: datetime
) -> None:
    """A colleague's words the customer can read are a contact, too."""
    waited = await feedback_loops.contacted_in_ticket(tx, ticket.id, at=now, by=f"{COMMENT}:{comment_id}")
    await occasions.second_contact(tx, directory, waited, agent=agent, now=now)


async def ticket_over(tx: Transaction, directory: Directory, ticket: HubTicket, *, now: datetime) -> None:
    """Close a ticket's loops. Who heard nothing from us until now is asked at this moment; the others were."""
    closed = await feedback_loops.close(tx, ticket.id, at=now)
    silent = [loop for loop in closed if loop.contacted_at is None]
    await occasions.second_contact(tx, directory, silent, agent=ticket.assignee, now=now)
    await occasions.ticket_over(tx, directory, ticket, now=now)
