"""What happened to a ticket, who wrote what into it, and the files it speaks of."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from tieline.store.tables_tickets import ticket_attachments, ticket_comments, ticket_events


@dataclass(frozen=True, slots=True)
class TicketEvent:
    """One line of the history. `by` is a person of ours or a connection; `details` hold fields with before and after."""

    ticket_id: UUID
    at: datetime
    by: str
    kind: str
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Comment:
    """One comment. `origin`: the connection it came from. `places`: connection → its id there; None while on its way."""

    id: UUID
    ticket_id: UUID
    text: str
    author: str
    public: bool
    at: datetime
    origin: str | None = None
    places: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Attachment:
    """What is known of one file."""

    id: UUID
    ticket_id: UUID
    name: str
    media_type: str
    size_bytes: int
    by: str
    at: datetime
    comment_id: UUID | None = None
    sha256: str | None = None
    url: str | None = None


async def append(tx: AsyncConnection, event: TicketEvent) -> None:
    """Add a line to the history."""
    await tx.execute(insert(ticket_events).values({**asdict(event), "details": dict(event.details)}))


async def events(conn: AsyncConnection, ticket_id: UUID, *, limit: int = 200) -> list[TicketEvent]:
    """Return the history, the newest first."""
    query = select(ticket_events).where(ticket_events.c.ticket_id == ticket_id).order_by(ticket_events.c.id.desc()).limit(limit)
    return [TicketEvent(row.ticket_id, row.at, row.by, row.kind, row.details) for row in await conn.execute(query)]


async def add_comment(tx: AsyncConnection, comment: Comment) -> None:
    """Keep a comment."""
    await tx.execute(insert(ticket_comments).values({**asdict(comment), "places": dict(comment.places)}))


async def comments(conn: AsyncConnection, ticket_id: UUID) -> list[Comment]:
    """Return a ticket's comments, the oldest first."""
    query = select(ticket_comments).where(ticket_comments.c.ticket_id == ticket_id)
    ordered = query.order_by(ticket_comments.c.at, ticket_comments.c.id)
    return [Comment(**row._asdict()) for row in await conn.execute(ordered)]


async def comment(conn: AsyncConnection, comment_id: UUID) -> Comment | None:
    """Return one comment."""
    row = (await conn.execute(select(ticket_comments).where(ticket_comments.c.id == comment_id))).one_or_none()
    return Comment(**row._asdict()) if row else None


async def place_comment(tx: AsyncConnection, comment_id: UUID, connection: str, external_id: str | None) -> None:
    """Note under which id a comment is known in another system; None: it is on its way there."""
    placed = func.jsonb_build_object(connection, external_id)
    changed = update(ticket_comments).where(ticket_comments.c.id == comment_id)
    await tx.execute(changed.values(places=ticket_comments.c.places.op("||")(placed)))


async def add_attachments(tx: AsyncConnection, found: Iterable[Attachment]) -> None:
    """Keep what is known of files."""
    rows = [asdict(one) for one in found]
    if rows:
        await tx.execute(insert(ticket_attachments).values(rows))


async def attachments_of(conn: AsyncConnection, comment_id: UUID) -> Sequence[Attachment]:
    """Return what is known of the files of one comment, in the order they were named."""
    query = select(ticket_attachments).where(ticket_attachments.c.comment_id == comment_id).order_by(ticket_attachments.c.at)
    return [Attachment(**row._asdict()) for row in await conn.execute(query)]


async def attachments(conn: AsyncConnection, ticket_id: UUID) -> Sequence[Attachment]:
    """Return what is known of a ticket's files, the oldest first."""
    query = select(ticket_attachments).where(ticket_attachments.c.ticket_id == ticket_id).order_by(ticket_attachments.c.at)
    return [Attachment(**row._asdict()) for row in await conn.execute(query)]
