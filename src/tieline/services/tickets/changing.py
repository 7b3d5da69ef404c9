"""What people do with a ticket: change it, write into it, escalate, close, reopen. Each in one transaction with what follows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal
from uuid import UUID

from tieline.domain.errors import NotFound, PreconditionFailed, RequestRefused
from tieline.domain.ticket import TicketPriority, TicketStatus
from tieline.domain.ticket_assignment import AssignmentRow, Subject, assign
from tieline.domain.ticket_change import Change
from tieline.domain.ticket_hub import HubTicket
from tieline.domain.ticket_status import step
from tieline.security.permissions import Caller
from tieline.services.tickets import commenting
from tieline.services.tickets.commenting import FileWord, Words
from tieline.services.tickets.desk import TicketDesk
from tieline.services.tickets.record import audit, carry_through, note
from tieline.store import tickets
from tieline.store.database import Transaction
from tieline.store.ticket_history import Comment

Ending = Literal["resolved", "closed", "cancelled"]
HIGHER: Final[Mapping[TicketPriority, TicketPriority]] = {"low": "normal", "normal": "high", "high": "urgent", "urgent": "urgent"}
SUPERIORS: Final = (AssignmentRow(role="supervisor"), AssignmentRow(role="senior"))
"""Whom an escalation goes to unless it says."""


@dataclass(frozen=True, slots=True)
class Escalation:
    """To whom and how urgent, if the asker says, and why."""

    to: str | None = None
    priority: TicketPriority | None = None
    reason: str | None = None


async def change_ticket(
    desk: TicketDesk, ticket_id: UUID, values: Mapping[str, Any], *, version: int | None, by: Caller
) -> HubTicket:
    """Set fields. `version`: the one the asker has seen; None: any.

    Raises: NotFound. PreconditionFailed: it changed since. StateConflict: no such step. RequestRefused: no such category, agent.
    """
    async with desk.database.begin() as tx:
        ticket = await _locked(tx, ticket_id)
        if version is not None and version != ticket.version:
            raise PreconditionFailed
        if "status" in values:
            step(ticket.status, values["status"])
        _check(desk, values)
        changed = await carry_through(tx, desk, ticket, Change(values, by.actor, desk.clock()))
        if changed.fields:
            await audit(tx, ticket, by, "changed", at=desk.clock(), fields=sorted(changed.fields))
    return changed.ticket


async def comment(
    tx: Transaction, desk: TicketDesk, ticket_id: UUID, words: Words, *, files: tuple[FileWord, ...], by: Caller
) -> Comment:
    """Write into a ticket, within the transaction of the key it is done under. Raises: NotFound."""
    now = desk.clock()
    ticket = await _locked(tx, ticket_id)
    said = await commenting.say(tx, desk, ticket, words, by=by, now=now)
    await commenting.attach(tx, ticket, files, by=by.actor, comment=said.id, now=now)
    await audit(tx, ticket, by, "commented", at=now, public=words.public, files=len(files))
    return said


async def escalate(desk: TicketDesk, ticket_id: UUID, wish: Escalation, *, by: Caller) -> HubTicket:
    """Hand a ticket to somebody higher, more urgent than it was. Raises: NotFound. RequestRefused: no such agent."""
    async with desk.database.begin() as tx:
        ticket = await _locked(tx, ticket_id)
        _check(desk, {"assignee": wish.to})
        return await escalate_locked(tx, desk, ticket, wish, by=by)


async def escalate_locked(tx: Transaction, desk: TicketDesk, ticket: HubTicket, wish: Escalation, *, by: Caller) -> HubTicket:
    """Do so with a locked ticket, whose new owner is one of ours, within the transaction of what calls for it."""
    now = desk.clock()
    higher = ticket.model_copy(update={"escalation": ticket.escalation + 1})
    values: dict[str, Any] = {"priority": wish.priority or HIGHER[ticket.priority]}
    if (assignee := wish.to or await _superior(tx, desk, ticket)) is not None:
        values["assignee"] = assignee
    await tickets.save(tx, higher)
    await note(tx, ticket, by.actor, "escalated", at=now, level=higher.escalation, to=values.get("assignee"))
    changed = await carry_through(tx, desk, higher, Change(values, by.actor, now))
    if wish.reason:
        await commenting.say(tx, desk, changed.ticket, Words(wish.reason), by=by, now=now)
    await audit(tx, ticket, by, "escalated", at=now, level=higher.escalation)
    return changed.ticket


async def close(desk: TicketDesk, ticket_id: UUID, ending: Ending, *, word: str | None, by: Caller) -> HubTicket:
    """End a ticket. Raises: NotFound. StateConflict: it is over in a way that cannot become this."""
    return await _move(desk, ticket_id, ending, word=word, by=by)


async def reopen(desk: TicketDesk, ticket_id: UUID, *, word: str | None, by: Caller) -> HubTicket:
    """Begin anew. Raises: NotFound. StateConflict: it is not over."""
    return await _move(desk, ticket_id, "reopened", word=word, by=by)


async def _move(desk: TicketDesk, ticket_id: UUID, status: TicketStatus, *, word: str | None, by: Caller) -> HubTicket:
    now = desk.clock()
    async with desk.database.begin() as tx:
        ticket = await _locked(tx, ticket_id)
        values = {"status": step(ticket.status, status)}
        if word:
            await commenting.say(tx, desk, ticket, Words(word), by=by, now=now)
        changed = await carry_through(tx, desk, ticket, Change(values, by.actor, now))
        await audit(tx, ticket, by, status, at=now)
    return changed.ticket


async def _superior(tx: Transaction, desk: TicketDesk, ticket: HubTicket) -> str | None:
    agents = tuple(desk.directory.now.agents.values())
    subject = Subject(ticket.category, ticket.tier, ticket.priority)
    return assign(SUPERIORS, subject, agents, load=await tickets.load(tx))


async def _locked(tx: Transaction, ticket_id: UUID) -> HubTicket:
    ticket = await tickets.lock(tx, ticket_id)
    if ticket is None:
        raise NotFound
    return ticket


def _check(desk: TicketDesk, values: Mapping[str, Any]) -> None:
    category, categories = values.get("category"), desk.policy.categories
    if category is not None and categories and category not in categories:
        raise RequestRefused("There is no such category.", code="category_unknown")
    assignee = values.get("assignee")
    if assignee is not None and assignee not in desk.directory.now.agents:
        raise RequestRefused("There is no such agent.", code="agent_unknown")
