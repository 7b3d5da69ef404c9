"""Comments as another system has them: read from it, and written to it when their turn comes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from tieline.domain.delivery import Delivered, Delivery, GivenUp
from tieline.domain.errors import NotFound, VendorBadAnswer
from tieline.domain.ticket_files import with_files
from tieline.domain.ticket_hub import HubTicket
from tieline.kit.deadline import Deadline
from tieline.kit.ids import time_ordered_id
from tieline.services.delivery.sinks import Inputs
from tieline.services.tickets import commenting
from tieline.services.tickets.commenting import Shown
from tieline.services.tickets.desk import TicketDesk
from tieline.services.tickets.files_there import files_of
from tieline.services.tickets.record import note
from tieline.services.tickets.spoke import ASK_WITHIN_S, Spoke, spoke_of
from tieline.store import ticket_history, ticket_links, tickets
from tieline.store.database import Transaction
from tieline.store.ticket_history import Comment

Said = dict[str, Any]
"""A comment in our words, with the vendor's `id`."""


async def fetch(spoke: Spoke, external_id: str) -> Sequence[Said]:
    """Return a ticket's comments there; none if they cannot be read. Raises: ConnectorError."""
    if spoke.comments is None or not spoke.offers("ticket.comments") or "text" not in spoke.comments.reads:
        return ()
    found = await spoke.connection.run("ticket.comments", deadline=Deadline.after(ASK_WITHIN_S), ticket_id=external_id)
    said = []
    for record in found.records:
        try:
            said.append(spoke.comments.read(record))
        except VendorBadAnswer:
            continue  # One that cannot be read keeps no other from being taken in.
    return said


async def take_in(tx: Transaction, desk: TicketDesk, ticket: HubTicket, connection: str, said: Sequence[Said]) -> None:
    """Keep the comments we do not know yet and pass them on."""
    now = desk.clock()
    shown = frozenset(str(one["id"]) for one in said)
    for one in said:
        if not one.get("text"):
            continue
        at = one.get("at")
        comment = Comment(
            id=UUID(time_ordered_id(now)),
            ticket_id=ticket.id,
            text=one["text"],
            author=one.get("author") or connection,
            public=bool(one.get("public")),
            at=_moment(at, now) if isinstance(at, datetime) else now,
            origin=connection,
        )
        if await commenting.hear(tx, desk, ticket, comment, Shown(str(one["id"]), shown), now=now):
            await commenting.attach(tx, ticket, files_of(one), by=connection, comment=comment.id, now=now)


def _moment(told: datetime, now: datetime) -> datetime:
    """Return when something was said. Who tells whole seconds may mean their last moment: an answer follows what it answers."""
    return told if told.microsecond else min(told.replace(microsecond=999_999), max(told, now))


class CommentSink:
    """Owner of deliveries about comments."""

    def __init__(self, desk: TicketDesk) -> None:
        self._desk = desk

    async def prepare(self, delivery: Delivery) -> Inputs | None:
        """Return the comment in the system's words."""
        spoke = spoke_of(self._desk.directory.now, delivery.connection)
        async with self._desk.database.read() as conn:
            comment = await self._comment(conn, delivery)
            link = await ticket_links.find(conn, comment.ticket_id, delivery.connection)
            files = await ticket_history.attachments_of(conn, comment.id)
        if link is None or link.external_id is None:
            raise NotFound("The system has no copy of this ticket.", code="gone_there")
        text = with_files(comment.text, files)
        words = {
            "text": text,
            "author": comment.author,
            "public": comment.public,
            "at": comment.at,
            "ticket": link.external_id,
        }
        record = spoke.comments.write(words, current=None, is_new=True) if spoke.comments else {"text": text}
        return {"ticket_id": link.external_id, "record": record}

    async def delivered(self, tx: Transaction, delivery: Delivery, result: Delivered) -> None:
        """Note under which id it is known there."""
        comment = await self._comment(tx, delivery)
        if result.external_id is not None:
            await ticket_history.place_comment(tx, comment.id, delivery.connection, result.external_id)

    async def given_up(self, tx: Transaction, delivery: Delivery, reason: GivenUp) -> None:
        """Say in the ticket's history that it did not get there."""
        comment = await self._comment(tx, delivery)
        ticket = await tickets.find(tx, comment.ticket_id)
        if ticket is not None:
            now = self._desk.clock()
            await note(tx, ticket, delivery.connection, "not_told", at=now, operation=delivery.operation, code=reason.code)

    async def _comment(self, conn: Transaction, delivery: Delivery) -> Comment:
        comment = await ticket_history.comment(conn, UUID(delivery.object_id))
        if comment is None:
            raise NotFound
        return comment
