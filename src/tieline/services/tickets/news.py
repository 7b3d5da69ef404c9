"""Another system tells of a ticket: known ones are looked at, new ones become ours, deleted ones are noted."""

from dataclasses import replace
from typing import Final
from uuid import UUID

from tieline.domain.errors import ParentMissing
from tieline.domain.ticket_change import on_the_clock
from tieline.domain.ticket_hub import SAID_BY_SOMEBODY, HubTicket, Stamp
from tieline.domain.ticket_link import Agreed, LinkState
from tieline.domain.ticket_status import is_over
from tieline.kit.ids import time_ordered_id
from tieline.services.tickets.desk import TicketDesk
from tieline.services.tickets.record import note
from tieline.services.tickets.spoke import systems_with_copies
from tieline.services.tickets.telling import create_key, promise_sync, tell
from tieline.services.webhooks.news import News
from tieline.store import ticket_links, tickets
from tieline.store.database import Transaction

KINDS: Final = ("ticket.created", "ticket.changed", "ticket.deleted", "ticket.commented")


class TicketNews:
    """Acts on events about tickets, within the transaction that takes them."""

    def __init__(self, desk: TicketDesk) -> None:
        self._desk = desk

    async def __call__(self, tx: Transaction, news: News) -> None:
        """Act. Raises: ParentMissing: it may be the copy we are making at this moment, whose id is not known yet."""
        external_id = self._ticket_named(news)
        if external_id is None:
            return
        # Asked first: a copy may be named between two questions.
        being_made = news.event.kind == "ticket.created" and await ticket_links.any_unnamed(tx, news.connection)
        ticket_id = await ticket_links.ticket_of(tx, news.connection, external_id)
        if ticket_id is None:
            ticket_id = await self._ours_after_all(tx, news, external_id, being_made=being_made)
        if ticket_id is not None:
            await self._known(tx, news, ticket_id)
        elif news.event.kind == "ticket.created" and news.connection in systems_with_copies(self._desk.directory.now):
            await self._adopt(tx, news, external_id)

    @staticmethod
    def _ticket_named(news: News) -> str | None:
        if news.event.kind != "ticket.commented":
            return news.event.external_id
        ticket = news.canonical.get("ticket")
        return ticket if isinstance(ticket, str) else None

    async def _ours_after_all(self, tx: Transaction, news: News, external_id: str, *, being_made: bool) -> UUID | None:
        """Return the ticket whose copy this is by the key of ours it carries. Raises: ParentMissing."""
        key = news.canonical.get("external_id")
        ticket_id = _ticket_in(key) if isinstance(key, str) else None
        if ticket_id is not None and key == create_key(ticket_id, news.connection):
            await tickets.lock(tx, ticket_id)  # Its delivery may be ending: what it agrees on stands before the link is read.
            link = await ticket_links.hold(tx, ticket_id, news.connection)
            if link is not None:
                await ticket_links.save(tx, replace(link, external_id=external_id))
                return ticket_id
        if being_made:
            raise ParentMissing
        return None

    async def _known(self, tx: Transaction, news: News, ticket_id: UUID) -> None:
        if news.event.kind == "ticket.deleted":
            return await _note_gone(tx, news, ticket_id)
        link = await ticket_links.find(tx, ticket_id, news.connection)
        if link is not None:
            why = f"news:{news.cause or news.at.isoformat()}"
            await promise_sync(tx, self._desk.directory.now, link, why=why, news=True, now=news.at)
        return None

    async def _adopt(self, tx: Transaction, news: News, external_id: str) -> None:
        """Make a ticket of another system ours, and copy it to everybody else. Raises: ParentMissing: it just became ours."""
        values = {name: news.canonical[name] for name in SAID_BY_SOMEBODY if news.canonical.get(name) is not None}
        if "subject" not in values:
            return
        customer = news.canonical.get("customer")
        ticket = HubTicket(
            id=UUID(time_ordered_id(news.at)),
            number=await tickets.next_number(tx),
            **values,
            source="webhook",
            customer_ref=f"{news.connection}:{customer}" if customer else None,
            created_by=news.connection,
            created_at=news.at,
            updated_at=news.at,
            sla_running_since=None if is_over(values.get("status", "new")) else news.at,
            stamps=dict.fromkeys(SAID_BY_SOMEBODY, Stamp(by=news.connection, at=news.at)),
        )
        ticket = on_the_clock(ticket, self._desk.policy.promise)
        await tickets.add(tx, ticket)
        if not await ticket_links.add(tx, ticket.id, news.connection, external_id=external_id, now=news.at):
            raise ParentMissing
        link = await ticket_links.hold(tx, ticket.id, news.connection)
        if link is not None:
            agreed = {name: Agreed(value, value) for name, value in values.items()}
            await ticket_links.save(tx, replace(link, state=LinkState(agreed), synced_at=news.at))
        await note(tx, ticket, news.connection, "created", at=news.at, source="webhook")
        await tell(tx, self._desk.directory.now, ticket, now=news.at)


async def _note_gone(tx: Transaction, news: News, ticket_id: UUID) -> None:
    ticket = await tickets.lock(tx, ticket_id)
    link = await ticket_links.hold(tx, ticket_id, news.connection)
    if ticket is not None and link is not None:
        await ticket_links.save(tx, replace(link, fault="deleted_there"))
        await note(tx, ticket, news.connection, "deleted_there", at=news.at)


def _ticket_in(key: str) -> UUID | None:
    try:
        return UUID(key.partition(":")[0])
    except ValueError:
        return None
