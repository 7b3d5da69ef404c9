"""Promise every system that has a copy of a ticket, or should have one, that it will be told."""

from datetime import datetime
from uuid import UUID

from tieline.domain.delivery import Effect
from tieline.domain.ticket_hub import HubTicket
from tieline.domain.ticket_link import due
from tieline.services.delivery.promise import promise
from tieline.services.directory import Directory
from tieline.services.tickets.spoke import systems_with_copies
from tieline.store import ticket_links
from tieline.store.database import Transaction
from tieline.store.ticket_links import KeptLink

TICKET, COMMENT = "ticket", "ticket_comment"
"""Kinds of objects that are delivered."""


def order_of(ticket_id: UUID) -> str:
    """Return what stays in order at each system: everything about one ticket."""
    return f"ticket:{ticket_id}"


async def tell(tx: Transaction, directory: Directory, ticket: HubTicket, *, why: str = "", now: datetime) -> None:
    """Promise what each system does not know yet. What exactly is told is decided when it is sent, by how things stand then.

    `why`: what there is to tell, where it is not the ticket's new version.
    """
    links = {link.connection: link for link in await ticket_links.of_ticket(tx, ticket.id)}
    for name in systems_with_copies(directory):
        if name not in links and await ticket_links.add(tx, ticket.id, name, now=now):
            await promise(tx, _create(ticket, name), now=now)
    for link in links.values():
        if due(link.state, ticket.values()):
            await promise_sync(tx, directory, link, why=why or f"v{ticket.version}", now=now)


async def promise_sync(
    tx: Transaction, directory: Directory, link: KeptLink, *, why: str, news: bool = False, now: datetime
) -> None:
    """Promise to look at a copy, take in what changed there and tell it what it does not know. The same `why` is one promise."""
    connection = directory.connections.get(link.connection)
    writable = connection is None or connection.needs("ticket.update") is not None
    effect = Effect(
        connection=link.connection,
        operation="ticket.update" if writable else "ticket.get",
        object_kind=TICKET,
        object_id=str(link.ticket_id),
        order_key=order_of(link.ticket_id),
        inputs={"news": news},
        key=f"{link.ticket_id}:{link.connection}:{why}",
    )
    await promise(tx, effect, now=now)


async def tell_comment(
    tx: Transaction, links: list[KeptLink], directory: Directory, comment_id: UUID, *, now: datetime
) -> list[str]:
    """Promise a comment to the systems of some links that take comments, and return their names."""
    told = []
    for link in links:
        connection = directory.connections.get(link.connection)
        if connection is not None and connection.needs("ticket.comment") is not None:
            effect = Effect(
                connection=link.connection,
                operation="ticket.comment",
                object_kind=COMMENT,
                object_id=str(comment_id),
                order_key=order_of(link.ticket_id),
                inputs={},
                key=f"{comment_id}:{link.connection}",
            )
            await promise(tx, effect, now=now)
            told.append(link.connection)
    return told


def create_key(ticket_id: UUID, name: str) -> str:
    """Return the key a ticket is made under in one system, which a T2 system also keeps in a field of its own."""
    return f"{ticket_id}:{name}"


def _create(ticket: HubTicket, name: str) -> Effect:
    return Effect(
        connection=name,
        operation="ticket.create",
        object_kind=TICKET,
        object_id=str(ticket.id),
        order_key=order_of(ticket.id),
        inputs={},
        key=create_key(ticket.id, name),
    )
