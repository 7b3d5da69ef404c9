"""Leave no low score and no complaint unanswered: its ticket begins anew, goes on, or is opened, with an owner and a due time.

Done once for each piece of feedback, in the transaction that takes it in. See docs/adr/0038-feedback-loop.md.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from tieline.domain.feedback import Feedback, FollowUp, asks_for_an_answer
from tieline.domain.feedback_texts import headline, in_words
from tieline.domain.match_reasons import Language
from tieline.domain.ticket import TicketPriority
from tieline.domain.ticket_assignment import AssignmentRow, Subject, assign
from tieline.domain.ticket_change import Change
from tieline.domain.ticket_hub import HubTicket
from tieline.domain.ticket_status import is_over, step
from tieline.security.permissions import Caller
from tieline.services.feedback import looping
from tieline.services.tickets.commenting import Words, say
from tieline.services.tickets.desk import TicketDesk
from tieline.services.tickets.opening import Opened, Wish, open_ticket
from tieline.services.tickets.record import audit, carry_through, note
from tieline.store import feedback as store
from tieline.store import tickets
from tieline.store.database import Transaction
from tieline.store.feedback import KnownFeedback

AT_LEAST: Final[Mapping[TicketPriority, TicketPriority]] = {"low": "high", "normal": "high", "high": "high", "urgent": "urgent"}
"""How urgent a ticket is once its customer was let down."""


async def answer(tx: Transaction, desk: TicketDesk, known: KnownFeedback, *, by: Caller) -> KnownFeedback:
    """See to it that somebody acts, and note what was done; nothing if it asks for none, or was seen to before."""
    said = known.feedback
    if said.follow_up is not None or not asks_for_an_answer(said, reachable=_is_reachable(known)):
        return known
    ticket = await _its_ticket(tx, said)
    if ticket is None:
        opened = await _open(tx, desk, known, by=by)
        what: FollowUp = "went_on" if opened.reused else "opened"
        ticket = opened.ticket
    else:
        what = await _go_on(tx, desk, ticket, known, by=by)
    await note(tx, ticket, by.actor, "feedback", at=desk.clock(), feedback=str(said.id))
    await store.note_follow_up(tx, said.id, what, ticket.id)
    await looping.opened(tx, known, ticket, now=desk.clock())
    return replace(known, feedback=said.model_copy(update={"follow_up": what, "follow_up_ticket": ticket.id}))


def _is_reachable(known: KnownFeedback) -> bool:
    said = known.feedback
    return any(found is not None for found in (known.customer_ref, known.phone, said.ticket_id, said.interaction_id))


async def _its_ticket(tx: Transaction, said: Feedback) -> HubTicket | None:
    """Return the ticket it is about, locked: the one it names, else the latest that came of its call."""
    found = said.ticket_id
    if found is None and said.call_id is not None:
        of_call = await tickets.of_call(tx, said.call_id)
        found = of_call[-1].id if of_call else None
    return await tickets.lock(tx, found) if found is not None else None


async def _go_on(tx: Transaction, desk: TicketDesk, ticket: HubTicket, known: KnownFeedback, *, by: Caller) -> FollowUp:
    """Write what was said into its ticket; one that was over begins anew and gets an owner."""
    now, over = desk.clock(), is_over(ticket.status)
    values: dict[str, Any] = {"priority": AT_LEAST[ticket.priority]}
    if over:
        owner = await _owner(tx, desk, Subject(ticket.category, ticket.tier, values["priority"]), ticket.assignee)
        values |= {"status": step(ticket.status, "reopened"), "assignee": owner or ticket.assignee}
    await say(tx, desk, ticket, Words(in_words(known.feedback, _language(desk, known))), by=by, now=now)
    await carry_through(tx, desk, ticket, Change(values, by.actor, now))
    await audit(tx, ticket, by, "reopened" if over else "feedback", at=now, feedback=str(known.feedback.id))
    return "reopened" if over else "went_on"


async def _open(tx: Transaction, desk: TicketDesk, known: KnownFeedback, *, by: Caller) -> Opened:
    said, language = known.feedback, _language(desk, known)
    wish = Wish(
        subject=headline(said, language),
        description=said.text,
        priority="high",
        assignee=await _owner(tx, desk, Subject(None, None, "high"), said.agent),
        source="feedback",
        customer_ref=_reference(desk, known),
        phone=known.phone,
        call_id=said.call_id,
    )
    return await open_ticket(tx, desk, wish, by=by, now=desk.clock())


def _reference(desk: TicketDesk, known: KnownFeedback) -> str | None:
    """Return who it is, unless the system that knew them is gone: the number has to do then."""
    ref = known.customer_ref
    return ref if ref is not None and ref.partition(":")[0] in desk.directory.now.connections else None


async def _owner(tx: Transaction, desk: TicketDesk, subject: Subject, worked_on_by: str | None) -> str | None:
    """Return who sees to it: a supervisor of the team that served the customer, any supervisor, a senior, else as tickets go."""
    agents = desk.directory.now.agents
    served_by = agents.get(worked_on_by) if worked_on_by is not None else None
    team = served_by.team if served_by else None
    of_team = (AssignmentRow(team=team, role="supervisor"),) if team else ()
    rows = (*of_team, AssignmentRow(role="supervisor"), AssignmentRow(role="senior"), *desk.policy.assignment)
    return assign(rows, subject, tuple(agents.values()), load=await tickets.load(tx))


def _language(desk: TicketDesk, known: KnownFeedback) -> Language:
    return "en" if desk.directory.now.line_of(known.line).language == "en" else "zh"
