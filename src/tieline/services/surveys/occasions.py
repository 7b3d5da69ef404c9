"""An occasion to ask comes up: noted in the transaction of the fact, so that none is lost; looked at a moment later.

A company without a row about occasions of a kind notes none of that kind.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from tieline.domain.interaction import Interaction
from tieline.domain.survey import Survey
from tieline.domain.ticket_hub import HubTicket
from tieline.kit.ids import time_ordered_id
from tieline.services.directory import Directory
from tieline.services.surveys.policy import policy_of
from tieline.store import call_records, surveys
from tieline.store.database import Transaction
from tieline.store.feedback_loops import FeedbackLoop


async def call_ended(tx: Transaction, directory: Directory, interaction_id: UUID, story: Interaction, *, now: datetime) -> None:
    """Note that a call is over."""
    if not policy_of(directory).asks_after("call"):
        return
    phone = story.customer
    one = Survey(
        id=_id(now),
        occasion="call",
        subject=str(interaction_id),
        call_id=story.call_key if story.id_quality == "given" else None,
        interaction_id=interaction_id,
        phone=phone.e164 if phone is not None and not phone.withheld else None,
        agent=story.last_agent,
        line=story.line,
        proposed_at=now,
    )
    await surveys.propose(tx, one)


async def ticket_over(tx: Transaction, directory: Directory, ticket: HubTicket, *, now: datetime) -> None:
    """Note that a ticket is solved or closed; once each time it is."""
    if ticket.status == "cancelled" or not policy_of(directory).asks_after("ticket"):
        return
    one = Survey(
        id=_id(now),
        occasion="ticket",
        subject=f"{ticket.id}:{ticket.reopened}",
        ticket_id=ticket.id,
        call_id=ticket.call_id,
        customer_ref=ticket.customer_ref,
        phone=ticket.phone,
        agent=ticket.assignee,
        proposed_at=now,
    )
    await surveys.propose(tx, one)


async def second_contact(
    tx: Transaction, directory: Directory, loops: Sequence[FeedbackLoop], *, agent: str | None, now: datetime
) -> None:
    """Note that we spoke again with somebody whom we had let down."""
    if not policy_of(directory).asks_after("second_contact"):
        return
    for loop in loops:
        call_id = loop.contacted_by.removeprefix("call:") if loop.contacted_by and loop.contacted_by.startswith("call:") else None
        call = await call_records.by_id(tx, UUID(call_id)) if call_id else None
        one = Survey(
            id=_id(now),
            occasion="second_contact",
            subject=str(loop.feedback_id),
            ticket_id=loop.ticket_id,
            call_id=call.call_key if call else None,
            interaction_id=call.id if call else None,
            line=call.line if call else None,
            customer_ref=loop.customer_ref,
            phone=loop.phone,
            agent=agent,
            proposed_at=now,
        )
        await surveys.propose(tx, one)


def _id(now: datetime) -> UUID:
    return UUID(time_ordered_id(now))
