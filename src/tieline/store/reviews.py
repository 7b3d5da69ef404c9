"""Questions that wait for a person: at most one open per kind and subject, however many calls ask it at once."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

import orjson
from sqlalchemy import Row, func, select, text, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from tieline.store.tables_people import review_items

ReviewState = Literal["open", "linked", "created", "rejected", "settled", "expired"]
CALLS_KEPT: Final = 100
SUGGESTIONS_KEPT: Final = 20


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked. `subject_key` tells one subject of a kind from another: for an unknown caller, the number."""

    id: UUID
    kind: str
    subject_key: str
    at: datetime
    expires_at: datetime
    due_at: datetime | None = None
    call_id: str | None = None
    suggestions: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """One item as stored; `count` is how often it was asked, once per call."""

    id: UUID
    kind: str
    subject_key: str
    state: ReviewState
    count: int
    first_at: datetime
    last_at: datetime
    expires_at: datetime
    due_at: datetime | None
    call_ids: tuple[str, ...]
    suggestions: tuple[Mapping[str, Any], ...]
    decided_by: str | None
    decided_at: datetime | None
    decision: Mapping[str, Any] | None


OPEN_OR_MERGE: Final = text(f"""
INSERT INTO review_items AS item (id, kind, subject_key, first_at, last_at, expires_at, due_at, call_ids, suggestions)
VALUES (:id, :kind, :subject_key, :at, :at, :expires_at, :due_at, CAST(:call_ids AS text[]), CAST(:suggestions AS jsonb))
ON CONFLICT (kind, subject_key) WHERE state = 'open' DO UPDATE SET
    count = item.count + CASE WHEN cardinality(excluded.call_ids) > 0 AND item.call_ids @> excluded.call_ids THEN 0 ELSE 1 END,
    call_ids = CASE WHEN item.call_ids @> excluded.call_ids THEN item.call_ids
                    ELSE (excluded.call_ids || item.call_ids)[1:{CALLS_KEPT}] END,
    suggestions = (
        SELECT coalesce(jsonb_agg(distinct_ones.one), '[]') FROM (
            SELECT one FROM jsonb_array_elements(item.suggestions || excluded.suggestions) WITH ORDINALITY AS given (one, place)
            GROUP BY one ORDER BY min(place) LIMIT {SUGGESTIONS_KEPT}
        ) AS distinct_ones
    ),
    last_at = greatest(item.last_at, excluded.last_at),
    expires_at = greatest(item.expires_at, excluded.expires_at)
RETURNING id
""")  # noqa: S608 - only constants of this file are put in


async def open_or_merge(tx: AsyncConnection, question: Question) -> tuple[UUID, bool]:
    """Ask, or add to the same question still open. Returns the item's id and whether it is new.

    The same call twice counts once. Suggestions are gathered without repetition, in the order they came.
    """
    values = {
        **asdict(question),
        "call_ids": [question.call_id] if question.call_id else [],
        "suggestions": orjson.dumps([dict(suggestion) for suggestion in question.suggestions]).decode(),
    }
    item_id = (await tx.execute(OPEN_OR_MERGE, values)).scalar_one()
    return item_id, item_id == question.id


async def decide(
    tx: AsyncConnection, item_id: UUID, *, state: ReviewState, by: str, now: datetime, decision: Mapping[str, Any]
) -> ReviewItem | None:
    """Close an open item and return it; None: there is none, or somebody was faster."""
    closed = (
        update(review_items)
        .where(review_items.c.id == item_id, review_items.c.state == "open")
        .values(state=state, decided_by=by, decided_at=now, decision=dict(decision))
        .returning(review_items)
    )
    row = (await tx.execute(closed)).one_or_none()
    return _item(row) if row else None


async def reopen(tx: AsyncConnection, item_id: UUID, *, decided_after: datetime) -> ReviewItem | None:
    """Ask again what was decided not too long ago, and return it as it was decided; None: there is nothing of the kind."""
    table = review_items.c
    decided = table.state.in_(("linked", "rejected", "settled")) & (table.decided_at >= decided_after)
    found = (await tx.execute(select(review_items).where(table.id == item_id, decided).with_for_update())).one_or_none()
    if found is None:
        return None
    open_again = {"state": "open", "decided_by": None, "decided_at": None, "decision": None}
    await tx.execute(update(review_items).where(table.id == item_id).values(open_again))
    return _item(found)


async def is_open(conn: AsyncConnection, kind: str, subject_key: str) -> bool:
    """Say whether a question of a kind about a subject waits for an answer."""
    table = review_items.c
    asked = select(table.id).where(table.kind == kind, table.subject_key == subject_key, table.state == "open")
    return (await conn.execute(asked)).one_or_none() is not None


async def settle(
    tx: AsyncConnection, kinds: Sequence[str], subjects: Sequence[str], *, by: str, now: datetime, decision: Mapping[str, Any]
) -> int:
    """Close the open items of some kinds about some subjects, because they were dealt with elsewhere. Return how many."""
    table = review_items.c
    closed = (
        update(review_items)
        .where(table.kind.in_(kinds), table.subject_key.in_(subjects), table.state == "open")
        .values(state="settled", decided_by=by, decided_at=now, decision=dict(decision))
    )
    return (await tx.execute(closed)).rowcount


async def find(conn: AsyncConnection, item_id: UUID) -> ReviewItem | None:
    """Return one item."""
    row = (await conn.execute(select(review_items).where(review_items.c.id == item_id))).one_or_none()
    return _item(row) if row else None


async def note_undone(tx: AsyncConnection, item_id: UUID, *, by: str, now: datetime) -> ReviewItem | None:
    """Note in a decision that it was taken back, and return the item; None: it was taken back before, or there is none."""
    table = review_items.c
    undone = table.decision.op("||")(func.jsonb_build_object("undone_by", by, "undone_at", now.isoformat()))
    changed = (
        update(review_items)
        .where(table.id == item_id, table.decision.is_not(None), ~table.decision.has_key("undone_at"))
        .values(decision=undone)
        .returning(review_items)
    )
    row = (await tx.execute(changed)).one_or_none()
    return _item(row) if row else None


async def open_about(conn: AsyncConnection, kind: str, subject_key: str) -> ReviewItem | None:
    """Return the open item of a kind about a subject."""
    table = review_items.c
    query = select(review_items).where(table.kind == kind, table.subject_key == subject_key, table.state == "open")
    row = (await conn.execute(query)).one_or_none()
    return _item(row) if row else None


async def page(
    conn: AsyncConnection,
    *,
    state: ReviewState,
    kind: str | None = None,
    after: tuple[datetime, UUID] | None = None,
    limit: int,
) -> Sequence[ReviewItem]:
    """Return items in one state, the one asked last first, from just past `after` (last_at, id)."""
    table = review_items.c
    query = select(review_items).where(table.state == state).order_by(table.last_at.desc(), table.id.desc()).limit(limit)
    if kind is not None:
        query = query.where(table.kind == kind)
    if after is not None:
        query = query.where(tuple_(table.last_at, table.id) < tuple_(*after))
    return [_item(row) for row in await conn.execute(query)]


async def expire(tx: AsyncConnection, *, now: datetime) -> int:
    """Close the open items whose time is over and return how many."""
    over = update(review_items).where(review_items.c.state == "open", review_items.c.expires_at <= now)
    return (await tx.execute(over.values(state="expired", decided_at=now))).rowcount


def _item(row: Row[Any]) -> ReviewItem:
    fields = row._asdict()
    return ReviewItem(**{**fields, "call_ids": tuple(fields["call_ids"]), "suggestions": tuple(fields["suggestions"])})
