"""Tickets of our own: opened once under a key, changed under a version, told to every system that has a copy."""

import re
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Header, Path, Query, Request, Response

from tieline.api.house import CursorsOfRequest, HouseOfRequest
from tieline.api.idempotency import PROBLEMS, REPLAYED, IdempotencyKey, keyed
from tieline.api.ids import id_in
from tieline.api.lists import Page
from tieline.api.openapi import problems
from tieline.api.paging import Pager
from tieline.api.strict_route import StrictRoute
from tieline.api.tickets_sent import (
    Closing,
    EscalationWish,
    NewComment,
    NewTicket,
    ProgressQuery,
    Reopening,
    TicketChange,
    TicketQuery,
)
from tieline.api.tickets_shown import ShownProgress, ShownTicket, TicketForm, TicketWithCopies, WholeTicket
from tieline.domain.errors import PreconditionFailed, PreconditionRequired
from tieline.domain.ticket_hub import HubTicket
from tieline.security.declarations import permit
from tieline.security.permissions import Caller
from tieline.services.idempotency import once
from tieline.services.seeing import as_seen
from tieline.services.tickets import changing, reading
from tieline.services.tickets.changing import Escalation
from tieline.services.tickets.commenting import FileWord, Words, say_files
from tieline.services.tickets.opening import Wish, open_ticket
from tieline.services.tickets.spoke import systems_with_copies
from tieline.store.database import Transaction
from tieline.store.tickets import TicketFilter

router = APIRouter(route_class=StrictRoute, tags=["Tickets"])
Reader = Annotated[Caller, permit("tickets.read")]
Writer = Annotated[Caller, permit("tickets.write")]
Asker = Annotated[Caller, permit("tickets.progress")]
TicketId = Annotated[str, Path(max_length=60, description="The ticket's id.")]
IfMatch = Annotated[
    str | None, Header(alias="If-Match", description="Required: the `ETag` of the ticket as you read it.", examples=['"3"'])
]
_NONE: Final = {404: "There is no such ticket: `not_found`."}
_STEP: Final = {409: "No such step from where it stands: `ticket_transition`."}
_WORDS: Final = {
    422: "No such category, agent or connection: `category_unknown`, `agent_unknown`, `connection_unknown`; or it does not fit."
}
_VERSIONED: Final = {
    412: "It changed since you read it: `precondition_failed`.",
    428: "`If-Match` is missing: `precondition_required`.",
}
_TAG: Final = re.compile(r'"(\d{1,9})"')


@router.post(
    "/v1/tickets",
    operation_id="open_ticket",
    summary="Open a ticket",
    status_code=201,
    responses={
        200: {"description": "The customer's open ticket goes on: `reused` is true.", "model": TicketWithCopies},
        **problems({**PROBLEMS, 422: f"{PROBLEMS[422]} {_WORDS[422]}"}),
    },
)
async def open_one(
    wanted: NewTicket, caller: Writer, house: HouseOfRequest, request: Request, response: Response, key: IdempotencyKey = None
) -> TicketWithCopies:
    """Open a ticket and have it copied to every system that takes them. The same request under the same key opens it once."""
    asked = await keyed(request, key, caller)

    async def work(tx: Transaction) -> dict[str, Any]:
        now = house.clock()
        opened = await open_ticket(tx, house.tickets, _wish(wanted), by=caller, now=now)
        files = [FileWord(**file.model_dump()) for file in wanted.attachments]
        await say_files(tx, house.tickets, opened.ticket, files, by=caller, now=now)
        return {"ticket_id": str(opened.ticket.id), "reused": opened.reused}

    done = await once(house.database, asked, work, clock=house.clock)
    response.status_code = 200 if done.answer["reused"] else 201
    if done.replayed:
        response.headers[REPLAYED] = "true"
    document = await reading.read(house.tickets, UUID(done.answer["ticket_id"]))
    response.headers["Location"] = f"/v1/tickets/{document['id']}"
    response.headers["ETag"] = f'"{document["version"]}"'
    return TicketWithCopies.model_validate(_seen(house, caller, {**document, "reused": done.answer["reused"]}))


@router.get("/v1/tickets", operation_id="list_tickets", summary="List tickets")
async def list_tickets(
    query: Annotated[TicketQuery, Query()], caller: Reader, house: HouseOfRequest, cursors: CursorsOfRequest
) -> Page[ShownTicket]:
    """Return tickets, the last changed first."""
    pager = Pager("tickets", query, cursors)
    items = await reading.page(house.tickets, _filter(query), after=pager.after, limit=pager.fetch)
    return pager.page(
        items,
        place=lambda item: (item["updated_at"], item["id"]),
        show=lambda item: ShownTicket.model_validate(_seen(house, caller, item)),
    )


@router.get("/v1/ticket-form", operation_id="get_ticket_form", summary="What may a new ticket say?")
async def ticket_form(_caller: Writer, house: HouseOfRequest) -> TicketForm:
    """Return the words a form offers: the company's categories, and the systems a ticket will be copied to."""
    return TicketForm(categories=house.tickets.policy.categories, systems=systems_with_copies(house.directory.now))


@router.get("/v1/tickets/{ticket_id}", operation_id="get_ticket", summary="Read a ticket", responses=problems(_NONE))
async def get_ticket(ticket_id: TicketId, caller: Reader, house: HouseOfRequest, response: Response) -> WholeTicket:
    """Return a ticket with its copies, conflicts, comments and history. `ETag` is what a change must name."""
    document = await reading.read(house.tickets, id_in(ticket_id))
    response.headers["ETag"] = f'"{document["version"]}"'
    return WholeTicket.model_validate(_seen(house, caller, document))


@router.patch(
    "/v1/tickets/{ticket_id}",
    operation_id="change_ticket",
    summary="Change a ticket",
    responses=problems(_NONE | _STEP | _VERSIONED | _WORDS),
)
async def change_ticket(
    ticket_id: TicketId,
    wanted: TicketChange,
    caller: Writer,
    house: HouseOfRequest,
    response: Response,
    if_match: IfMatch = None,
) -> TicketWithCopies:
    """Set fields of the version you have read. Every system with a copy is told."""
    values = {name: getattr(wanted, name) for name in wanted.model_fields_set}
    ticket = await changing.change_ticket(house.tickets, id_in(ticket_id), values, version=_version(if_match), by=caller)
    return await _answer(house, caller, ticket, response)


@router.post(
    "/v1/tickets/{ticket_id}/comments",
    operation_id="comment_ticket",
    summary="Write into a ticket",
    status_code=201,
    responses=problems({**PROBLEMS, **_NONE}),
)
async def comment(
    ticket_id: TicketId, said: NewComment, caller: Writer, house: HouseOfRequest, request: Request, key: IdempotencyKey = None
) -> dict[str, str]:
    """Add a comment; every system with a copy is told. The same request under the same key is one comment."""
    asked, found = await keyed(request, key, caller), id_in(ticket_id)
    files = tuple(FileWord(**file.model_dump()) for file in said.attachments)

    async def work(tx: Transaction) -> dict[str, str]:
        kept = await changing.comment(tx, house.tickets, found, Words(said.text, said.public), files=files, by=caller)
        return {"id": str(kept.id)}

    return dict((await once(house.database, asked, work, clock=house.clock)).answer)


@router.post(
    "/v1/tickets/{ticket_id}/escalate",
    operation_id="escalate_ticket",
    summary="Escalate a ticket",
    responses=problems(_NONE | _WORDS),
)
async def escalate(
    ticket_id: TicketId, wish: EscalationWish, caller: Writer, house: HouseOfRequest, response: Response
) -> TicketWithCopies:
    """Hand a ticket to somebody higher, a step more urgent."""
    wanted = Escalation(wish.to, wish.priority, wish.reason)
    return await _answer(house, caller, await changing.escalate(house.tickets, id_in(ticket_id), wanted, by=caller), response)


@router.post(
    "/v1/tickets/{ticket_id}/close", operation_id="close_ticket", summary="Close a ticket", responses=problems(_NONE | _STEP)
)
async def close(ticket_id: TicketId, how: Closing, caller: Writer, house: HouseOfRequest, response: Response) -> TicketWithCopies:
    """End a ticket: solved, closed, or cancelled. To close one that is closed changes nothing."""
    ticket = await changing.close(house.tickets, id_in(ticket_id), how.ending, word=how.comment, by=caller)
    return await _answer(house, caller, ticket, response)


@router.post(
    "/v1/tickets/{ticket_id}/reopen", operation_id="reopen_ticket", summary="Reopen a ticket", responses=problems(_NONE | _STEP)
)
async def reopen(
    ticket_id: TicketId, why: Reopening, caller: Writer, house: HouseOfRequest, response: Response
) -> TicketWithCopies:
    """Begin anew with a ticket that is over."""
    ticket = await changing.reopen(house.tickets, id_in(ticket_id), word=why.comment, by=caller)
    return await _answer(house, caller, ticket, response)


@router.get(
    "/v1/tickets/{ticket_id}/progress",
    operation_id="get_ticket_progress",
    summary="How far is it?",
    responses=problems(_NONE),
)
async def progress(
    ticket_id: TicketId, query: Annotated[ProgressQuery, Query()], _caller: Asker, house: HouseOfRequest
) -> ShownProgress:
    """Tell in a sentence how far a ticket is, for an IVR to read out or a chat to show. It holds nothing personal."""
    return ShownProgress.model_validate(await reading.progress(house.tickets, id_in(ticket_id), query.language))


async def _answer(house: HouseOfRequest, caller: Caller, ticket: HubTicket, response: Response) -> TicketWithCopies:
    response.headers["ETag"] = f'"{ticket.version}"'
    return TicketWithCopies.model_validate(_seen(house, caller, await reading.summary(house.tickets, ticket)))


def _seen(house: HouseOfRequest, caller: Caller, document: dict[str, Any]) -> dict[str, Any]:
    return as_seen(house.desk, caller, document, shape="hub_ticket")


def _wish(wanted: NewTicket) -> Wish:
    given = {name: getattr(wanted, name) for name in NewTicket.model_fields if name not in {"customer", "attachments"}}
    return Wish(**given, customer_ref=wanted.customer)


def _filter(query: TicketQuery) -> TicketFilter:
    customer = query.customer
    is_number = customer is not None and customer.startswith("+")
    return TicketFilter(
        customer_ref=None if is_number else customer,
        phone=customer if is_number else None,
        status=query.status,
        assignee=query.assignee,
        updated_since=query.updated_since,
    )


def _version(if_match: str | None) -> int | None:
    """Return the version a change is meant for; None: whatever it is. Raises: PreconditionRequired, PreconditionFailed."""
    if if_match is None:
        raise PreconditionRequired
    if if_match.strip() == "*":
        return None
    tag = _TAG.fullmatch(if_match.strip())
    if tag is None:
        raise PreconditionFailed
    return int(tag[1])
