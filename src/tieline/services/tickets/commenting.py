"""Write into a ticket; every system with a copy that takes comments is told, but for the one it came from."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from tieline.domain.ticket_files import with_files
from tieline.domain.ticket_hub import HubTicket
from tieline.kit.ids import time_ordered_id
from tieline.security.permissions import Caller
from tieline.services.feedback import looping
from tieline.services.tickets.desk import TicketDesk
from tieline.services.tickets.record import note
from tieline.services.tickets.telling import tell_comment
from tieline.store import ticket_history, ticket_links
from tieline.store.database import Transaction
from tieline.store.ticket_history import Attachment, Comment


@dataclass(frozen=True, slots=True)
class Words:
    """What is said. `public`: the customer may read it."""

    text: str
    public: bool = False


@dataclass(frozen=True, slots=True)
class FileWord:
    """What somebody says of a file."""

    name: str
    media_type: str
    size_bytes: int
    sha256: str | None = None
    url: str | None = None


async def say(tx: Transaction, desk: TicketDesk, ticket: HubTicket, words: Words, *, by: Caller, now: datetime) -> Comment:
    """Add a comment of ours."""
    comment = Comment(UUID(time_ordered_id(now)), ticket.id, words.text, by.agent or by.actor, words.public, now)
    await _keep(tx, desk, comment)
    await note(tx, ticket, by.actor, "commented", at=now, comment=str(comment.id))
    if words.public and by.agent is not None:
        await looping.answered_in_ticket(tx, desk.directory.now, ticket, comment.id, agent=by.agent, now=now)
    return comment


@dataclass(frozen=True, slots=True)
class Shown:
    """A comment's id in another system, and the ids of all that are shown there."""

    id: str
    all: frozenset[str]


async def hear(tx: Transaction, desk: TicketDesk, ticket: HubTicket, said: Comment, there: Shown, *, now: datetime) -> bool:
    """Take in a comment another system shows; False: it is known, an echo of ours included."""
    known = await ticket_history.comments(tx, ticket.id)
    origin = said.origin or ""
    if any(one.places.get(origin) == there.id for one in known):
        return False
    ours = await _told_without_an_id(tx, known, said.text, origin, there)
    if ours is not None:
        await ticket_history.place_comment(tx, ours.id, origin, there.id)
        return False
    await _keep(tx, desk, said, but_not=origin, placed=there.id)
    await note(tx, ticket, origin, "commented", at=now, comment=str(said.id))
    return True


async def _told_without_an_id(tx: Transaction, known: Iterable[Comment], text: str, origin: str, there: Shown) -> Comment | None:
    """Return the comment of ours that a text is, as it was told there."""
    for one in known:
        if not (_is_not_found(one, origin, there) and text.startswith(one.text)):
            continue
        if text == with_files(one.text, await ticket_history.attachments_of(tx, one.id)):
            return one
    return None


def _is_not_found(comment: Comment, origin: str, there: Shown) -> bool:
    """Say whether we told it there and cannot tell which it is: its id never came, or is none of those shown."""
    return origin in comment.places and comment.places[origin] not in there.all


async def say_files(
    tx: Transaction, desk: TicketDesk, ticket: HubTicket, files: Sequence[FileWord], *, by: Caller, now: datetime
) -> None:
    """Keep what is said of the files a ticket was opened with, as a comment, so that every system hears of them."""
    if files:
        said = await say(tx, desk, ticket, Words(", ".join(file.name for file in files)), by=by, now=now)
        await attach(tx, ticket, files, by=by.actor, comment=said.id, now=now)


async def attach(
    tx: Transaction, ticket: HubTicket, files: Iterable[FileWord], *, by: str, comment: UUID | None, now: datetime
) -> None:
    """Keep what is said of files, in this order: each a microsecond after the one before."""
    rows = [
        Attachment(
            id=UUID(time_ordered_id(now)),
            ticket_id=ticket.id,
            name=file.name,
            media_type=file.media_type,
            size_bytes=file.size_bytes,
            by=by,
            at=now + timedelta(microseconds=number),
            comment_id=comment,
            sha256=file.sha256,
            url=file.url,
        )
        for number, file in enumerate(files)
    ]
    await ticket_history.add_attachments(tx, rows)


async def _keep(tx: Transaction, desk: TicketDesk, comment: Comment, *, but_not: str = "", placed: str | None = None) -> None:
    """Keep a comment and promise it to everybody else; where it is on its way it has no id yet."""
    await ticket_history.add_comment(tx, comment)
    links = [link for link in await ticket_links.of_ticket(tx, comment.ticket_id) if link.connection != but_not]
    told = await tell_comment(tx, links, desk.directory.now, comment.id, now=comment.at)
    if but_not:
        await ticket_history.place_comment(tx, comment.id, but_not, placed)
    for name in told:
        await ticket_history.place_comment(tx, comment.id, name, None)
