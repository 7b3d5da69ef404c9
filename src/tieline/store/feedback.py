"""What customers said, as rows: kept, found, linked to what becomes known later, listed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, Select, exists, func, insert, or_, select, tuple_, union, update
from sqlalchemy.ext.asyncio import AsyncConnection

from tieline.domain.feedback import Feedback, FeedbackKind, FollowUp
from tieline.store.tables_calls import call_aliases, interactions
from tieline.store.tables_feedback import UNLINKED, feedback
from tieline.store.tables_tickets import ticket_links, tickets

_PLAIN: Final = tuple(Feedback.model_fields)


@dataclass(frozen=True, slots=True)
class KnownFeedback:
    """Feedback, and who it is from as far as it, its call and its ticket tell now. `written`: connection → what it was told.

    `understood`: what its text was taken to mean: `sentiment`, `causes` (each with `because`), `by`. `purchase`: what they had
    bought: `order`, `products`, `basis`, `region`. `corrected`: what a person says it is about.
    """

    feedback: Feedback
    customer_ref: str | None
    phone: str | None
    line: str | None
    queue: str | None
    written: dict[str, Any]
    understood: dict[str, Any] | None = None
    purchase: dict[str, Any] | None = None
    corrected: dict[str, Any] | None = None

    @property
    def ticket_id(self) -> UUID | None:
        """Return the ticket it is about, or the one that came of it."""
        return self.feedback.ticket_id or self.feedback.follow_up_ticket

    @property
    def causes(self) -> tuple[str, ...]:
        """Return what it is about: as a person corrected it, else as it was reported, else as the text was taken."""
        if self.corrected is not None:
            return tuple(self.corrected["causes"])
        return self.feedback.causes or tuple(cause["id"] for cause in (self.understood or {}).get("causes", ()))

    @property
    def sentiment(self) -> str | None:
        """Return the mood: as a person said, else as the text was taken."""
        told: str | None = (self.corrected or {}).get("sentiment") or (self.understood or {}).get("sentiment")
        return told


@dataclass(frozen=True, slots=True)
class FeedbackFilter:
    """Which feedback is wanted; None: any."""

    kind: FeedbackKind | None = None
    channel: str | None = None
    call_id: str | None = None
    ticket_id: UUID | None = None
    customer_ref: str | None = None
    agent: str | None = None
    since: datetime | None = None
    until: datetime | None = None


async def add(tx: AsyncConnection, one: Feedback) -> None:
    """Keep new feedback."""
    await tx.execute(insert(feedback).values(_values(one)))


async def save(tx: AsyncConnection, one: Feedback) -> None:
    """Write feedback that was locked before."""
    await tx.execute(update(feedback).where(feedback.c.id == one.id).values(_values(one)))


async def note_known(tx: AsyncConnection, feedback_id: UUID) -> None:
    """Note that it is known who said it: nobody need look for them any more."""
    await tx.execute(update(feedback).where(feedback.c.id == feedback_id).values(customer_known=True))


async def find(conn: AsyncConnection, feedback_id: UUID) -> KnownFeedback | None:
    """Return one."""
    row = (await conn.execute(_known().where(feedback.c.id == feedback_id))).one_or_none()
    return _read(row) if row else None


async def lock(tx: AsyncConnection, feedback_id: UUID) -> KnownFeedback | None:
    """Return one that nobody else changes until the transaction ends."""
    row = (await tx.execute(_known().where(feedback.c.id == feedback_id).with_for_update(of=feedback))).one_or_none()
    return _read(row) if row else None


async def lock_told(tx: AsyncConnection, origin: str, external_id: str) -> KnownFeedback | None:
    """Return what another system told before under an id of its own, locked."""
    whose = (feedback.c.origin == origin, feedback.c.external_id == external_id)
    row = (await tx.execute(_known().where(*whose).with_for_update(of=feedback))).one_or_none()
    return _read(row) if row else None


async def note_follow_up(tx: AsyncConnection, feedback_id: UUID, what: FollowUp, ticket_id: UUID) -> None:
    """Note what was done about it."""
    values = {"follow_up": what, "follow_up_ticket": ticket_id}
    await tx.execute(update(feedback).where(feedback.c.id == feedback_id).values(values))


async def note_understood(tx: AsyncConnection, feedback_id: UUID, understood: dict[str, Any] | None) -> None:
    """Note what its text was taken to mean."""
    await tx.execute(update(feedback).where(feedback.c.id == feedback_id).values(understood=understood))


async def to_classify(conn: AsyncConnection, *, received_after: datetime, limit: int) -> Sequence[tuple[UUID, str]]:
    """Return feedback with a text that only our own rules have read, the oldest first: its id and the text."""
    table = feedback.c
    ours = table.understood["by"].astext.startswith("rules:")
    query = select(table.id, table.text).where(table.received_at > received_after, table.text.is_not(None), ours)
    return [(row.id, row.text) for row in await conn.execute(query.order_by(table.received_at).limit(limit))]


async def without_purchase(conn: AsyncConnection, *, received_after: datetime, limit: int) -> Sequence[UUID]:
    """Return feedback of somebody known of whom it was not asked what they had bought, the oldest first."""
    table = feedback.c
    somebody = or_(
        table.customer_known, table.phone.is_not(None), table.interaction_id.is_not(None), table.ticket_id.is_not(None)
    )
    query = select(table.id).where(table.received_at > received_after, table.purchase.is_(None), somebody)
    return list((await conn.execute(query.order_by(table.received_at).limit(limit))).scalars())


async def note_purchase(tx: AsyncConnection, feedback_id: UUID, purchase: dict[str, Any]) -> None:
    """Note what whoever said it had bought."""
    await tx.execute(update(feedback).where(feedback.c.id == feedback_id).values(purchase=purchase))


async def note_corrected(tx: AsyncConnection, feedback_id: UUID, said: dict[str, Any]) -> None:
    """Note what a person says it is about."""
    await tx.execute(update(feedback).where(feedback.c.id == feedback_id).values(corrected=said))


async def corrected(
    conn: AsyncConnection, *, since: datetime, until: datetime
) -> Sequence[tuple[dict[str, Any], dict[str, Any]]]:
    """Return what texts were taken to mean, and what a person said of each."""
    table = feedback.c
    looked_at = (table.corrected.is_not(None), table.understood.is_not(None), table.at >= since, table.at < until)
    found = await conn.execute(select(table.understood, table.corrected).where(*looked_at))
    return [(row.understood, row.corrected) for row in found]


async def note_written(tx: AsyncConnection, feedback_id: UUID, connection: str, standing: dict[str, Any]) -> None:
    """Note what a system was told, or why it was not; what became of an earlier `revision` since is no news any more."""
    told = feedback.c.written.op("||")(func.jsonb_build_object(connection, func.jsonb_build_object(*_pairs(standing))))
    known = func.coalesce(feedback.c.written[connection]["revision"].as_integer(), 0)
    newest = update(feedback).where(feedback.c.id == feedback_id, known <= (standing.get("revision") or 0))
    await tx.execute(newest.values(written=told))


async def page(
    conn: AsyncConnection, wanted: FeedbackFilter, *, after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[KnownFeedback]:
    """Return feedback, the last received first, from just past `after` (received_at, id)."""
    table = feedback.c
    query = _known().order_by(table.received_at.desc(), table.id.desc()).limit(limit)
    for name in ("kind", "channel", "call_id", "agent"):
        if getattr(wanted, name) is not None:
            query = query.where(table[name] == getattr(wanted, name))
    if wanted.ticket_id is not None:
        query = query.where(or_(table.ticket_id == wanted.ticket_id, table.follow_up_ticket == wanted.ticket_id))
    if wanted.customer_ref is not None:
        query = query.where(table.id.in_(_of_customer(wanted.customer_ref)))
    if wanted.since is not None:
        query = query.where(table.at >= wanted.since)
    if wanted.until is not None:
        query = query.where(table.at < wanted.until)
    if after is not None:
        query = query.where(tuple_(table.received_at, table.id) < tuple_(*after))
    return [_read(row) for row in await conn.execute(query)]


async def linkable(conn: AsyncConnection, *, received_after: datetime, limit: int) -> Sequence[UUID]:
    """Return feedback whose call, ticket or customer has become known since it was kept, the oldest first."""
    table = feedback.c
    call = exists().where(call_aliases.c.call_key == table.call_id)
    ticket = exists().where(ticket_links.c.connection == table.origin, ticket_links.c.external_id == table.ticket_there)
    whose = or_(
        exists().where(interactions.c.id == table.interaction_id, interactions.c.customer_ref.is_not(None)),
        exists().where(tickets.c.id == table.ticket_id, tickets.c.customer_ref.is_not(None)),
    )
    news = or_(table.interaction_id.is_(None) & call, table.ticket_id.is_(None) & ticket, ~table.customer_known & whose)
    query = select(table.id).where(UNLINKED, table.received_at > received_after, news).order_by(table.received_at).limit(limit)
    return list((await conn.execute(query)).scalars())


def _known() -> Select[Any]:
    calls, cases = interactions.c, tickets.c
    about = func.coalesce(feedback.c.ticket_id, feedback.c.follow_up_ticket)
    return (
        select(
            *(feedback.c[name] for name in _PLAIN),
            feedback.c.written,
            feedback.c.understood,
            feedback.c.purchase,
            feedback.c.corrected,
            func.coalesce(feedback.c.customer_ref, calls.customer_ref, cases.customer_ref).label("known_ref"),
            func.coalesce(feedback.c.phone, calls.customer_e164, cases.phone).label("known_phone"),
            calls.line,
            calls.queue,
        )
        .select_from(feedback)
        .join(interactions, calls.id == feedback.c.interaction_id, isouter=True)
        .join(tickets, cases.id == about, isouter=True)
    )


def _of_customer(ref: str) -> Any:  # noqa: ANN401 - a subquery of ids, which has no better name
    """Return the ids of what a customer said; each way is an index of its own."""
    table = feedback.c
    by_call = select(table.id).join(interactions, interactions.c.id == table.interaction_id)
    by_ticket = select(table.id).join(tickets, tickets.c.id == func.coalesce(table.ticket_id, table.follow_up_ticket))
    told = table.customer_ref.is_(None)
    return union(
        select(table.id).where(table.customer_ref == ref),
        by_call.where(interactions.c.customer_ref == ref, told),
        by_ticket.where(tickets.c.customer_ref == ref, told),
    )


def _values(one: Feedback) -> dict[str, Any]:
    return {**dict(one), "tags": list(one.tags), "causes": list(one.causes)}


def _pairs(standing: dict[str, Any]) -> list[Any]:
    return [part for pair in standing.items() for part in pair]


def _read(row: Row[Any]) -> KnownFeedback:
    fields = row._asdict()
    one = Feedback.model_validate({name: fields[name] for name in _PLAIN})
    return KnownFeedback(
        one, row.known_ref, row.known_phone, row.line, row.queue, row.written, row.understood, row.purchase, row.corrected
    )
