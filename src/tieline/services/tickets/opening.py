"""Open a ticket: from a call, by an agent, out of feedback, by a rule, because another system has one.

A repeat caller goes on with the ticket that is open. What is known of the customer travels along.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID

from tieline.domain.customer import Tier
from tieline.domain.errors import RequestRefused
from tieline.domain.references import ExternalRef
from tieline.domain.ticket import TicketPriority
from tieline.domain.ticket_assignment import Subject, assign
from tieline.domain.ticket_change import on_the_clock
from tieline.domain.ticket_hub import SAID_BY_SOMEBODY, HubTicket, Stamp, TicketSource
from tieline.domain.ticket_reuse import Topic, reusable
from tieline.kit.ids import time_ordered_id
from tieline.security.permissions import Caller
from tieline.services.customers.standing_due import something_happened
from tieline.services.tickets.commenting import Words, say
from tieline.services.tickets.desk import TicketDesk
from tieline.services.tickets.record import audit, note
from tieline.services.tickets.telling import tell
from tieline.store import call_records, identity_of, tickets
from tieline.store.database import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a new ticket is to be. `other_matter`: not what the customer's open ticket is about, whatever it looks like."""

    subject: str
    description: str | None = None
    priority: TicketPriority = "normal"
    category: str | None = None
    assignee: str | None = None
    order_number: str | None = None
    tags: tuple[str, ...] = ()
    source: TicketSource = "agent"
    customer_ref: str | None = None
    phone: str | None = None
    call_id: str | None = None
    other_matter: bool = False


@dataclass(frozen=True, slots=True)
class Opened:
    """The ticket, and whether it was there already."""

    ticket: HubTicket
    reused: bool


@dataclass(frozen=True, slots=True)
class _Whose:
    """Whom it is for, as far as known."""

    customer_ref: str | None
    phone: str | None
    tier: Tier | None = None
    tags: tuple[str, ...] = ()


async def open_ticket(tx: Transaction, desk: TicketDesk, wish: Wish, *, by: Caller, now: datetime) -> Opened:
    """Open a ticket, or go on with the customer's open one. Raises: RequestRefused: an unknown category, customer or agent."""
    _check(desk, wish)
    whose = await _whose(tx, wish)
    if whose.customer_ref or whose.phone:
        await tickets.lock_opening(tx, whose.customer_ref or whose.phone or "")
    going_on = None if wish.other_matter else await _open_already(tx, desk, wish, whose, now=now)
    if going_on is not None:
        return Opened(await _go_on(tx, desk, going_on, wish, by=by, now=now), reused=True)
    ticket = await _new(tx, desk, wish, whose, by=by.actor, now=now)
    await tickets.add(tx, ticket)
    await note(tx, ticket, by.actor, "created", at=now, source=ticket.source, assignee=ticket.assignee)
    await audit(tx, ticket, by, "created", at=now, source=ticket.source, category=ticket.category)
    await tell(tx, desk.directory.now, ticket, now=now)
    await something_happened(tx, desk.directory.now, ticket.customer_ref, ticket.phone, now=now)
    return Opened(ticket, reused=False)


async def _open_already(tx: Transaction, desk: TicketDesk, wish: Wish, whose: _Whose, *, now: datetime) -> HubTicket | None:
    """Return the ticket to go on with, locked. One that was closed while it was waited for is gone on with no more."""
    fitting = partial(reusable, topic=Topic(wish.category, wish.order_number), now=now, within=desk.policy.reuse_within)
    found = fitting(await tickets.open_of(tx, customer_ref=whose.customer_ref, phone=whose.phone))
    locked = await tickets.lock(tx, found.id) if found is not None else None
    return fitting([locked]) if locked is not None else None


async def _go_on(tx: Transaction, desk: TicketDesk, locked: HubTicket, wish: Wish, *, by: Caller, now: datetime) -> HubTicket:
    words = wish.subject if not wish.description else f"{wish.subject}\n{wish.description}"
    await say(tx, desk, locked, Words(words), by=by, now=now)
    await note(tx, locked, by.actor, "asked_again", at=now, call_id=wish.call_id)
    await audit(tx, locked, by, "asked_again", at=now, source=wish.source)
    return locked


async def _new(tx: Transaction, desk: TicketDesk, wish: Wish, whose: _Whose, *, by: str, now: datetime) -> HubTicket:
    ticket = HubTicket(
        id=UUID(time_ordered_id(now)),
        number=await tickets.next_number(tx),
        subject=wish.subject,
        description=wish.description,
        priority=wish.priority,
        category=wish.category,
        assignee=wish.assignee or await _assignee(tx, desk, wish, whose),
        order_number=wish.order_number,
        tags=tuple(dict.fromkeys((*wish.tags, *whose.tags))),
        source=wish.source,
        customer_ref=whose.customer_ref,
        phone=whose.phone,
        call_id=wish.call_id,
        tier=whose.tier,
        created_by=by,
        created_at=now,
        updated_at=now,
        sla_running_since=now,
        stamps=dict.fromkeys(SAID_BY_SOMEBODY, Stamp(by=by, at=now)),
    )
    return on_the_clock(ticket, desk.policy.promise)


async def _assignee(tx: Transaction, desk: TicketDesk, wish: Wish, whose: _Whose) -> str | None:
    subject = Subject(wish.category, whose.tier, wish.priority)
    agents = tuple(desk.directory.now.agents.values())
    return assign(desk.policy.assignment, subject, agents, load=await tickets.load(tx)) if desk.policy.assignment else None


async def _whose(tx: Transaction, wish: Wish) -> _Whose:
    """Return whom the ticket is for: as said, else as the call has it, with what our index knows of them."""
    call = await call_records.find(tx, wish.call_id) if wish.call_id else None
    ref = wish.customer_ref or (call.customer_ref if call else None)
    phone = wish.phone or (call.customer_e164 if call and not call.withheld else None)
    known = await identity_of.reference(tx, ExternalRef.parse(ref)) if ref else None
    if known is None:
        return _Whose(ref, phone)
    return _Whose(ref, phone or known.e164, known.tier, known.tags)


def _check(desk: TicketDesk, wish: Wish) -> None:
    categories = desk.policy.categories
    if categories and wish.category is not None and wish.category not in categories:
        raise RequestRefused("There is no such category.", code="category_unknown")
    if wish.assignee is not None and wish.assignee not in desk.directory.now.agents:
        raise RequestRefused("There is no such agent.", code="agent_unknown")
    if wish.customer_ref is not None and wish.customer_ref.partition(":")[0] not in desk.directory.now.connections:
        raise RequestRefused("There is no such connection.", code="connection_unknown")
