"""Both sides changed the same field, and its rule leaves it to a person: asked, decided, taken back within thirty days."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from tieline.domain.errors import NotFound, RequestRefused, StateConflict
from tieline.domain.ticket_change import Change
from tieline.domain.ticket_hub import HubTicket
from tieline.domain.ticket_link import as_document, decide, from_document
from tieline.domain.ticket_merge import Conflict, Stand
from tieline.domain.working_days import next_working_day
from tieline.kit.ids import time_ordered_id
from tieline.security.permissions import Caller
from tieline.services.reviews import TICKET_CONFLICT
from tieline.services.tickets.desk import TicketDesk
from tieline.services.tickets.fields import checked
from tieline.services.tickets.record import audit, carry_through, note
from tieline.services.tickets.spoke import spoke_of
from tieline.services.tickets.telling import tell
from tieline.store import reviews, ticket_links, tickets
from tieline.store.database import Transaction
from tieline.store.reviews import Question, ReviewItem
from tieline.store.ticket_links import HeldLink, KeptLink

KIND: Final = TICKET_CONFLICT
OPEN_FOR: Final = timedelta(days=90)
UNDO_WITHIN: Final = timedelta(days=30)
BY_THEMSELVES: Final = "withdrawn"


async def ask(tx: Transaction, ticket: HubTicket, connection: str, conflict: Conflict, *, now: datetime) -> None:
    """Ask which value holds. A newer value replaces the one in an open question; the same two values are the same question."""
    key = key_of(ticket.id, connection, conflict.field)
    suggestion = {
        "ticket_id": str(ticket.id),
        "number": ticket.shown_number,
        "connection": connection,
        "field": conflict.field,
        "base": as_document(conflict.base),
        "ours": told(conflict.ours),
        "theirs": told(conflict.theirs),
    }
    asked = await reviews.open_about(tx, KIND, key)
    if asked is not None and _values(asked.suggestions[-1]) == _values(suggestion):
        return
    await reviews.settle(tx, [KIND], [key], by="tieline", now=now, decision={"decision": "newer"})
    question = Question(
        id=UUID(time_ordered_id(now)),
        kind=KIND,
        subject_key=key,
        at=now,
        expires_at=now + OPEN_FOR,
        due_at=next_working_day(now),
        call_id=ticket.call_id,
        suggestions=(suggestion,),
    )
    await reviews.open_or_merge(tx, question)
    await note(
        tx, ticket, connection, "conflict", at=now, field=conflict.field, theirs=told(conflict.theirs), ours=told(conflict.ours)
    )


async def settle_withdrawn(tx: Transaction, ticket: HubTicket, before: KeptLink, after: KeptLink, *, now: datetime) -> None:
    """Close the questions that answered themselves: the other side took its change back, or both came to the same."""
    for name in before.state.held.keys() - after.state.held.keys():
        key = key_of(ticket.id, before.connection, name)
        await reviews.settle(tx, [KIND], [key], by="tieline", now=now, decision={"decision": BY_THEMSELVES})


async def choose(tx: Transaction, desk: TicketDesk, item: ReviewItem, pick: str, value: object, *, by: Caller) -> dict[str, Any]:
    """Let a person say which value holds: `ours`, `theirs`, or another `value`. Returns what to keep with the decision.

    Raises: NotFound: the ticket is gone. StateConflict: the two sides agree by now. RequestRefused: no such value.
    """
    now = desk.clock()
    ticket_id, connection, name = _parts(item.subject_key)
    ticket, link = await _locked(tx, ticket_id, connection)
    if name not in link.state.held:
        raise StateConflict("The two sides agree by now.", code="conflict_over")
    chosen = (
        {"ours": getattr(ticket, name), "theirs": link.state.held[name]}.get(pick) if pick != "value" else checked(name, value)
    )
    spoke = spoke_of(desk.directory.now, connection)
    await ticket_links.save(tx, replace(link, state=decide(link.state, name, chosen, say=spoke.say)))
    changed = await carry_through(
        tx, desk, ticket, Change({name: chosen}, by.actor, now), kind="decided", details={"field": name}
    )
    if not changed.fields:
        await tell(tx, desk.directory.now, ticket, why=f"decided:{item.id}", now=now)
    await audit(tx, ticket, by, "conflict_decided", at=now, field=name, connection=connection, pick=pick)
    return {"pick": pick, "before": as_document(getattr(ticket, name)), "after": as_document(chosen)}


async def take_back(tx: Transaction, desk: TicketDesk, item: ReviewItem, *, by: Caller) -> None:
    """Undo a decision: the field gets the value it had before, everywhere. Raises: StateConflict: too late, or not decided."""
    now = desk.clock()
    if item.decision is None or "before" not in item.decision or item.decided_at is None:
        raise StateConflict("There is no decision to take back.", code="review_not_undoable")
    if now - item.decided_at > UNDO_WITHIN:
        raise StateConflict("A decision can be taken back for thirty days.", code="review_not_undoable")
    ticket_id, _, name = _parts(item.subject_key)
    ticket = await tickets.lock(tx, ticket_id)
    if ticket is None:
        raise NotFound
    value = from_document(name, item.decision["before"])
    await carry_through(tx, desk, ticket, Change({name: value}, by.actor, now), kind="restored", details={"field": name})
    await audit(tx, ticket, by, "conflict_undone", at=now, field=name)


def _values(suggestion: Mapping[str, Any]) -> tuple[Any, ...]:
    return suggestion["base"], suggestion["ours"]["value"], suggestion["theirs"]["value"]


def told(stand: Stand) -> dict[str, Any]:
    """Return a value with who set it and when, as a document."""
    return {"value": as_document(stand.value), "by": stand.by, "at": stand.at.isoformat() if stand.at else None}


async def _locked(tx: Transaction, ticket_id: UUID, connection: str) -> tuple[HubTicket, HeldLink]:
    ticket = await tickets.lock(tx, ticket_id)
    link = await ticket_links.hold(tx, ticket_id, connection)
    if ticket is None or link is None:
        raise NotFound
    return ticket, link


def key_of(ticket_id: UUID, connection: str, name: str) -> str:
    """Return what tells the question about one field of one copy from all others."""
    return f"{ticket_id}:{connection}:{name}"


def _parts(key: str) -> tuple[UUID, str, str]:
    try:
        ticket_id, connection, name = key.split(":")
    except ValueError as exc:
        raise RequestRefused("This item is about no field of a ticket.", code="decision_not_offered") from exc
    return UUID(ticket_id), connection, name
