"""Tickets as the delivery engine sees them: what a system is told when its turn comes, and what its answer means for the link."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from tieline.connectors.contract import Record
from tieline.domain.delivery import Delivered, Delivery, GivenUp
from tieline.domain.errors import NotFound
from tieline.domain.ticket_hub import HubTicket
from tieline.domain.ticket_link import Value, as_document, confirm, due, from_document, send
from tieline.services.delivery.sinks import Inputs
from tieline.services.tickets import comments_there, counterpart, hearing
from tieline.services.tickets.comments_there import Said
from tieline.services.tickets.desk import TicketDesk
from tieline.services.tickets.record import note
from tieline.services.tickets.spoke import Spoke, Written, spoke_of
from tieline.services.tickets.telling import create_key
from tieline.store import ticket_links, tickets
from tieline.store.database import Transaction
from tieline.store.ticket_links import HeldLink

GONE: Final = "gone_there"


CopySettled = Callable[[Transaction, TicketDesk, HubTicket], Awaitable[None]]
"""Hears that a copy of a ticket was made or given up, within that transaction."""


class TicketSink:
    """Owner of deliveries about tickets."""

    def __init__(self, desk: TicketDesk, *, copy_settled: CopySettled) -> None:
        self._desk = desk
        self._copy_settled = copy_settled

    async def prepare(self, delivery: Delivery) -> Inputs | None:
        """Return what to tell. A change looks at the copy first, so that nobody's work there is overwritten unseen."""
        spoke = spoke_of(self._desk.directory.now, delivery.connection)
        ticket_id = UUID(delivery.object_id)
        if delivery.operation == "ticket.create":
            return await self._creation(spoke, ticket_id)
        return await self._sync(spoke, ticket_id, news=bool(delivery.inputs.get("news")))

    async def delivered(self, tx: Transaction, delivery: Delivery, result: Delivered) -> None:
        """Agree on what was told."""
        ticket, link = await self._locked(tx, delivery)
        spoke = spoke_of(self._desk.directory.now, delivery.connection)
        told = _values(result.sent)
        state = confirm(send(link.state, told), told, say=spoke.say)
        now = self._desk.clock()
        known = replace(link, state=state, fault=None, synced_at=now)
        if delivery.operation == "ticket.create" and result.how != "needless":
            found = (result.external_id or link.external_id, result.external_url or link.external_url)
            known = replace(known, external_id=found[0], external_url=found[1])
            await note(tx, ticket, delivery.connection, "linked", at=now, external_id=found[0])
        await ticket_links.save(tx, known)
        if delivery.operation == "ticket.create":
            await self._copy_settled(tx, self._desk, ticket)

    async def given_up(self, tx: Transaction, delivery: Delivery, reason: GivenUp) -> None:
        """Say on the link what is wrong."""
        ticket, link = await self._locked(tx, delivery)
        await ticket_links.save(tx, replace(link, fault=reason.code))
        await note(
            tx, ticket, delivery.connection, "not_told", at=self._desk.clock(), operation=delivery.operation, code=reason.code
        )
        if delivery.operation == "ticket.create":
            await self._copy_settled(tx, self._desk, ticket)

    async def _creation(self, spoke: Spoke, ticket_id: UUID) -> Inputs | None:
        async with self._desk.database.read() as conn:
            ticket = await tickets.find(conn, ticket_id)
            link = await ticket_links.find(conn, ticket_id, spoke.name)
        if ticket is None or link is None or link.external_id is not None:
            return None
        customer_id = await counterpart.customer_there(self._desk, ticket, spoke.connection)
        counterpart.require(spoke, customer_id)
        written = spoke.write(ticket.values(), current=None, is_new=True)
        extras = {"customer_id": customer_id, "call_id": ticket.call_id, "agent": ticket.assignee}
        return {**{name: value for name, value in extras.items() if value is not None}, **_told(written)}

    async def _sync(self, spoke: Spoke, ticket_id: UUID, *, news: bool) -> Inputs | None:
        external_id = await self._external_id(spoke, ticket_id)
        record, said = await _shown(spoke, external_id, with_comments=news)
        async with self._desk.database.begin() as tx:
            ticket = await tickets.lock(tx, ticket_id)
            link = await ticket_links.hold(tx, ticket_id, spoke.name)
            if ticket is None or link is None:
                raise NotFound
            if link.external_id is None:
                link = replace(link, external_id=external_id)
                await ticket_links.save(tx, link)
            if record is not None:
                heard = await hearing.take_in(tx, self._desk, ticket, link, spoke, record)
                ticket, link = heard.ticket, heard.link
            await comments_there.take_in(tx, self._desk, ticket, spoke.name, said)
        wanted = due(link.state, ticket.values())
        written = spoke.write(wanted, current=record, is_new=False) if spoke.offers("ticket.update") else None
        if written is None or not written.values:
            return None
        version = {"version": link.version} if link.version is not None else {}
        return {"ticket_id": external_id, **version, **_told(written)}

    async def _external_id(self, spoke: Spoke, ticket_id: UUID) -> str:
        """Return the copy's id; one made without our hearing of it is found by the key it was made under."""
        async with self._desk.database.read() as conn:
            link = await ticket_links.find(conn, ticket_id, spoke.name)
        found = link.external_id if link is not None else None
        found = found or await spoke.find(create_key(ticket_id, spoke.name))
        if found is None:
            raise NotFound("The system has no copy of this ticket.", code=GONE)
        return found

    async def _locked(self, tx: Transaction, delivery: Delivery) -> tuple[HubTicket, HeldLink]:
        ticket = await tickets.lock(tx, UUID(delivery.object_id))
        link = await ticket_links.hold(tx, UUID(delivery.object_id), delivery.connection)
        if ticket is None or link is None:
            raise NotFound
        return ticket, link


async def _shown(spoke: Spoke, external_id: str, *, with_comments: bool) -> tuple[Record | None, Sequence[Said]]:
    """Return a ticket and what was said in it, both asked for at once. Raises: ConnectorError."""
    if not with_comments:
        return await spoke.fetch(external_id), ()
    asked = (spoke.fetch(external_id), comments_there.fetch(spoke, external_id))
    record, said = await asyncio.gather(*asked, return_exceptions=True)
    if isinstance(record, BaseException):
        raise record
    if isinstance(said, BaseException):
        raise said
    return record, said


def _told(written: Written) -> dict[str, Any]:
    values = {name: as_document(value) for name, value in written.values.items()}
    return {"record": written.tree, "values": values}


def _values(sent: Mapping[str, Any] | None) -> dict[str, Value]:
    given: Mapping[str, Any] = (sent or {}).get("values", {})
    return {name: from_document(name, value) for name, value in given.items()}
