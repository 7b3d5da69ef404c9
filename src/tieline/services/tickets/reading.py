"""Reading tickets: one with its copies, conflicts, comments and history; a page of them; how far one is, in plain words."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from tieline.domain.delivery import Delivery
from tieline.domain.errors import NotFound
from tieline.domain.match_reasons import Language
from tieline.domain.refund_request import RefundRequest
from tieline.domain.ticket_hub import HubTicket
from tieline.domain.ticket_progress import Progress, progress_text
from tieline.security.permissions import Caller
from tieline.services.tickets import conflicts
from tieline.services.tickets.desk import TicketDesk
from tieline.services.tickets.telling import COMMENT, TICKET
from tieline.store import deliveries, pops, refund_requests, reviews, ticket_history, ticket_links, ticket_screens, tickets
from tieline.store.database import Transaction
from tieline.store.ticket_history import TicketEvent
from tieline.store.ticket_links import KeptLink
from tieline.store.tickets import TicketFilter

LinkStanding = Literal["in_sync", "sending", "waiting", "conflict", "failed"]
UNSETTLED: Final = frozenset({"pending", "claimed"})
STUCK: Final = frozenset({"dead", "unknown"})
MOST_ON_A_CARD: Final = 50
_INWARD: Final = frozenset({"stamps", "sla_spent_s", "sla_running_since"})
"""What is nobody's business outside."""


async def read(desk: TicketDesk, ticket_id: UUID) -> dict[str, Any]:
    """Return one ticket with everything about it, unmasked. Raises: NotFound."""
    async with desk.database.read() as conn:
        ticket = await tickets.find(conn, ticket_id)
        if ticket is None:
            raise NotFound
        comments = await ticket_history.comments(conn, ticket_id)
        files = await ticket_history.attachments(conn, ticket_id)
        events = await ticket_history.events(conn, ticket_id)
        return {
            **await _with_links(conn, ticket),
            "comments": [_comment(one) for one in comments],
            "attachments": [_plain(one, "ticket_id", "sha256") for one in files],
            "history": [line for event in events for line in _lines(event)],
        }


async def summary(desk: TicketDesk, ticket: HubTicket) -> dict[str, Any]:
    """Return a ticket with the standing of its copies, unmasked."""
    async with desk.database.read() as conn:
        return await _with_links(conn, ticket)


async def on_card(desk: TicketDesk, pop_id: str, *, by: Caller) -> list[dict[str, Any]]:
    """Return, unmasked and by number, the tickets a card shows, with how their copies stand.

    Raises: NotFound: no such card, or none of theirs who ask.
    """
    async with desk.database.read() as conn:
        pop = await pops.find(conn, pop_id)
        if pop is None or pop.agent is None or not by.speaks_for(pop.agent):
            raise NotFound
        found = await tickets.among(conn, await ticket_screens.shown_on(conn, pop_id, limit=MOST_ON_A_CARD))
        return [await _with_links(conn, ticket) for ticket in sorted(found.values(), key=lambda ticket: ticket.number)]


async def page(
    desk: TicketDesk, wanted: TicketFilter, *, after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[dict[str, Any]]:
    """Return tickets, the last changed first, unmasked."""
    async with desk.database.read() as conn:
        found = await tickets.page(conn, wanted, after=after, limit=limit)
        return [document_of(ticket) for ticket in found]


async def progress(desk: TicketDesk, ticket_id: UUID, language: Language) -> dict[str, Any]:
    """Return how far a ticket is, in words for its customer: nothing in it says who that is. Raises: NotFound."""
    async with desk.database.read() as conn:
        ticket = await tickets.find(conn, ticket_id)
        if ticket is None:
            raise NotFound
        sync: LinkStanding = (await _with_links(conn, ticket))["sync"]
    waits = sync in {"waiting", "failed"}
    stands = Progress(ticket.shown_number, ticket.status, ticket.due_at, waits=waits)
    return {
        "number": ticket.shown_number,
        "status": ticket.status,
        "language": language,
        "text": progress_text(stands, language=language, zone=desk.policy.zone),
        "waits_for_system": waits,
        "due_at": ticket.due_at,
        "updated_at": ticket.updated_at,
    }


def document_of(ticket: HubTicket) -> dict[str, Any]:
    """Return a ticket as a document, unmasked."""
    document = ticket.model_dump(mode="json", exclude=set(_INWARD))
    return {**document, "number": ticket.shown_number}


async def _with_links(conn: Transaction, ticket: HubTicket) -> dict[str, Any]:
    links = await ticket_links.of_ticket(conn, ticket.id)
    promised = await deliveries.of_object(conn, TICKET, str(ticket.id))
    for comment in await ticket_history.comments(conn, ticket.id):
        promised += await deliveries.of_object(conn, COMMENT, str(comment.id))
    shown = [_link(link, [one for one in promised if one.connection == link.connection]) for link in links]
    open_items = [await reviews.open_about(conn, conflicts.KIND, key) for link in links for key in _held(link)]
    return {
        **document_of(ticket),
        "status_by": ticket.stamps["status"].by if "status" in ticket.stamps else ticket.created_by,
        "sync": _whole([link["state"] for link in shown]),
        "links": shown,
        "refund": _refund(await refund_requests.of_ticket(conn, ticket.id)),
        "conflicts": [{"review_id": str(item.id), **item.suggestions[0]} for item in open_items if item is not None],
    }


def _held(link: KeptLink) -> list[str]:
    return [conflicts.key_of(link.ticket_id, link.connection, name) for name in sorted(link.state.held)]


def _link(link: KeptLink, promised: Sequence[Delivery]) -> dict[str, Any]:
    return {
        "connection": link.connection,
        "external_id": link.external_id,
        "url": link.external_url,
        "state": _standing(link, promised),
        "fault": link.fault or next((one.reason for one in promised if one.state in STUCK or _waits(one)), None),
        "synced_at": link.synced_at.isoformat() if link.synced_at else None,
    }


def _standing(link: KeptLink, promised: Sequence[Delivery]) -> LinkStanding:
    if link.fault is not None or any(one.state in STUCK for one in promised):
        return "failed"
    if link.state.held:
        return "conflict"
    if any(_waits(one) for one in promised):
        return "waiting"
    return "sending" if link.external_id is None or any(one.state in UNSETTLED for one in promised) else "in_sync"


def _waits(promised: Delivery) -> bool:
    """Say whether it has to wait for the other system, or for whoever puts the connection right."""
    return promised.state == "parked" or (promised.state in UNSETTLED and promised.reason is not None)


def _refund(request: RefundRequest | None) -> dict[str, Any] | None:
    if request is None:
        return None
    shown = ("id", "kind", "connection", "order_number", "ticket_id", "state", "code", "created_at", "updated_at")
    return {name: _json(getattr(request, name)) for name in shown}


def _whole(states: Sequence[LinkStanding]) -> LinkStanding:
    """Return the worst of all."""
    ordered: tuple[LinkStanding, ...] = ("failed", "conflict", "waiting", "sending")
    return next((state for state in ordered if state in states), "in_sync")


def _lines(event: TicketEvent) -> list[dict[str, Any]]:
    """Return one line of the history, or one for each field it changed."""
    common = {"at": event.at.isoformat(), "by": event.by, "kind": event.kind}
    fields: Mapping[str, Sequence[Any]] = event.details.get("fields", {})
    if fields:
        return [{**common, "field": name, "before": _text(pair[0]), "after": _text(pair[1])} for name, pair in fields.items()]
    field, kept, lost = (event.details.get(name) for name in ("field", "kept", "lost"))
    if field is not None and isinstance(kept, Mapping) and isinstance(lost, Mapping):
        return [{**common, "field": field, "before": _text(lost["value"]), "after": _text(kept["value"])}]
    detail = event.details.get("code") or event.details.get("external_id") or event.details.get("to")
    return [{**common, "field": field, "detail": detail}]


def _comment(comment: ticket_history.Comment) -> dict[str, Any]:
    return _plain(comment, "ticket_id", "places")


def _plain(row: ticket_history.Comment | ticket_history.Attachment, *without: str) -> dict[str, Any]:
    fields = {name: getattr(row, name) for name in row.__dataclass_fields__ if name not in without}
    return {name: _json(value) for name, value in fields.items()}


def _json(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value


def _text(value: object) -> str | None:
    if isinstance(value, list | tuple):
        return "、".join(str(one) for one in value)
    return None if value is None else str(value)
