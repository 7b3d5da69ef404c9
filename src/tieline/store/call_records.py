"""One call as it stands, found by any id an exchange uses for it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Update, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from tieline.store.tables_calls import call_aliases, interactions, legs


@dataclass(frozen=True, slots=True)
class KeptLeg:
    """One telephone at one end of the call."""

    leg_key: str
    agent: str | None
    extension: str | None
    queue: str | None
    kind: str
    state: str
    outcome: str | None
    rang_at: datetime | None
    answered_at: datetime | None
    ended_at: datetime | None
    talk_s: int | None


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One interaction as stored. `customer_raw` is the number as the exchange wrote it."""

    id: UUID
    provider: str
    call_key: str
    direction: str
    customer_raw: str
    customer_e164: str | None
    withheld: bool
    internal: bool
    line: str | None
    queue: str | None
    state: str
    outcome: str | None
    id_quality: str | None
    customer_ref: str | None
    chosen_by: str | None
    identity_level: int
    started_at: datetime
    answered_at: datetime | None
    ended_at: datetime | None
    talk_s: int | None
    wait_s: int | None
    hangup_cause: str | None
    recording_ref: str | None


async def by_id(conn: AsyncConnection, interaction_id: UUID) -> CallRecord | None:
    """Return a call by its id."""
    columns = [interactions.c[name] for name in CallRecord.__dataclass_fields__]
    row = (await conn.execute(select(*columns).where(interactions.c.id == interaction_id))).one_or_none()
    return CallRecord(**row._asdict()) if row else None


async def find(conn: AsyncConnection, call_id: str) -> CallRecord | None:
    """Return the latest call known by this id, whichever exchange uses it."""
    columns = [interactions.c[name] for name in CallRecord.__dataclass_fields__]
    query = (
        select(*columns)
        .join(call_aliases, call_aliases.c.interaction_id == interactions.c.id)
        .where(call_aliases.c.call_key == call_id)
        .order_by(interactions.c.started_at.desc())
        .limit(1)
    )
    row = (await conn.execute(query)).one_or_none()
    return CallRecord(**row._asdict()) if row else None


async def hold(tx: AsyncConnection, call_id: str) -> CallRecord | None:
    """Return the same, which is not joined to another call before this transaction ends: for whoever keeps something with it."""
    held: UUID | None = None
    while (found := await find(tx, call_id)) is not None and found.id != held:
        held = found.id if await keep(tx, found.id) else None
    return found


async def keep(tx: AsyncConnection, interaction_id: UUID) -> bool:
    """Let a call not go before this transaction ends; False: it is gone."""
    kept = select(interactions.c.id).where(interactions.c.id == interaction_id).with_for_update(read=True, key_share=True)
    return (await tx.execute(kept)).one_or_none() is not None


async def legs_of(conn: AsyncConnection, interaction_id: UUID) -> tuple[KeptLeg, ...]:
    """Return the legs of a call in the order they came up."""
    columns = [legs.c[name] for name in KeptLeg.__dataclass_fields__]
    query = select(*columns).where(legs.c.interaction_id == interaction_id).order_by(legs.c.rang_at.nulls_last(), legs.c.leg_key)
    return tuple(KeptLeg(**row._asdict()) for row in await conn.execute(query))


async def disown(tx: AsyncConnection, number: str, ref: str, *, by: str) -> int:
    """Take back what `adopt` gave, and return how many calls that were."""
    theirs = func.coalesce(interactions.c.customer_e164, interactions.c.customer_national) == number
    adopted = _oldest_first(theirs, interactions.c.customer_ref == ref, interactions.c.chosen_by == by)
    return (await tx.execute(adopted.values(customer_ref=None, chosen_by=None))).rowcount


async def adopt(tx: AsyncConnection, number: str, ref: str, *, by: str) -> int:
    """Give the calls of a number that belong to nobody yet to a customer (`crm:003xx`), and return how many there were."""
    theirs = func.coalesce(interactions.c.customer_e164, interactions.c.customer_national) == number
    orphaned = _oldest_first(theirs, interactions.c.customer_ref.is_(None), ~interactions.c.internal)
    return (await tx.execute(orphaned.values(customer_ref=ref, chosen_by=by))).rowcount


def _oldest_first(*such: ColumnElement[bool]) -> Update:
    """Change calls that are such, taking them in the order in which those who tell of them do."""
    taken = select(interactions.c.id).where(*such).order_by(interactions.c.id).with_for_update()
    return update(interactions).where(interactions.c.id.in_(taken))
