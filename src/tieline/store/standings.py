"""What our own rules make of customers, as rows; and what happened to one, for those rules."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from tieline.store.tables_standings import customer_standings

MOST: Final = 500
_HAPPENED: Final = text("""
    (SELECT started_at AS at, 'call' AS kind, NULL AS word, '{}'::text[] AS causes, NULL::int AS score, call_key AS matter
        FROM interactions WHERE (customer_ref = :ref OR (customer_ref IS NULL AND customer_e164 = :phone))
        AND outcome = 'served' AND started_at > :since ORDER BY started_at DESC LIMIT :most)
    UNION ALL (SELECT created_at, 'ticket', category, tags, NULL, coalesce(call_id, id::text) FROM tickets
        WHERE (customer_ref = :ref OR (customer_ref IS NULL AND phone = :phone)) AND created_at > :since
        ORDER BY created_at DESC LIMIT :most)
    UNION ALL (SELECT at, kind, NULL, CASE WHEN corrected IS NOT NULL
            THEN ARRAY(SELECT jsonb_array_elements_text(corrected -> 'causes'))
            ELSE causes || ARRAY(SELECT jsonb_path_query(understood, '$.causes[*].id') #>> '{}') END, score,
        coalesce(call_id, ticket_id::text, id::text)
        FROM feedback WHERE at > :since AND (customer_ref = :ref OR (customer_ref IS NULL AND phone = :phone))
        ORDER BY at DESC LIMIT :most)
""")


@dataclass(frozen=True, slots=True)
class KeptStanding:
    """One customer's standing. `reasons`: for the tier and each tag the rule and what was found."""

    customer_ref: str
    phone: str | None
    tier: str | None
    tags: tuple[str, ...]
    reasons: tuple[dict[str, Any], ...]
    version: int | None
    computed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Happened:
    """One thing that happened: `kind`: call, ticket or a kind of feedback; `matter`: what belongs to one contact."""

    at: datetime
    kind: str
    word: str | None
    causes: tuple[str, ...]
    score: int | None
    matter: str


async def note_due(tx: AsyncConnection, customer_ref: str, phone: str | None, *, at: datetime) -> None:
    """Note that something happened to a customer, so that their standing is to be judged anew."""
    statement = insert(customer_standings).values(customer_ref=customer_ref, phone=phone, due_at=at)
    changed = {"due_at": statement.excluded.due_at, "phone": func.coalesce(statement.excluded.phone, customer_standings.c.phone)}
    await tx.execute(statement.on_conflict_do_update(index_elements=["customer_ref"], set_=changed))


async def due(conn: AsyncConnection, *, limit: int) -> Sequence[str]:
    """Return the customers to be judged, the longest waiting first."""
    table = customer_standings.c
    query = select(table.customer_ref).where(table.due_at.is_not(None)).order_by(table.due_at).limit(limit)
    return list((await conn.execute(query)).scalars())


async def find(conn: AsyncConnection, customer_ref: str, *, lock: bool = False) -> KeptStanding | None:
    """Return one; `lock`: nobody else changes it until the transaction ends."""
    columns = [customer_standings.c[name] for name in KeptStanding.__dataclass_fields__]
    query = select(*columns).where(customer_standings.c.customer_ref == customer_ref)
    row = (await conn.execute(query.with_for_update() if lock else query)).one_or_none()
    if row is None:
        return None
    return KeptStanding(**{**row._asdict(), "tags": tuple(row.tags), "reasons": tuple(row.reasons)})


async def save(tx: AsyncConnection, one: KeptStanding) -> None:
    """Write what was judged; nothing is due for it any more."""
    values = {name: getattr(one, name) for name in KeptStanding.__dataclass_fields__ if name not in {"customer_ref", "phone"}}
    values |= {"tags": list(one.tags), "reasons": list(one.reasons), "due_at": None}
    await tx.execute(update(customer_standings).where(customer_standings.c.customer_ref == one.customer_ref).values(values))


async def happened(conn: AsyncConnection, customer_ref: str, phone: str | None, *, since: datetime) -> Sequence[Happened]:
    """Return what happened to a customer: calls served, tickets, feedback; the last 500 of each."""
    rows = await conn.execute(_HAPPENED, {"ref": customer_ref, "phone": phone, "since": since, "most": MOST})
    return [Happened(row.at, row.kind, row.word, tuple(row.causes or ()), row.score, row.matter) for row in rows]
