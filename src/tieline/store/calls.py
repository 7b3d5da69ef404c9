"""Rows of interactions and their legs: found by any id the exchange uses, locked, and written as they are told anew."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import and_, bindparam, delete, func, or_, select, text, union, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from tieline.domain.interaction import LOST, Closing, Interaction, InteractionState
from tieline.store.tables_calls import call_aliases, interactions, legs

NAME_LOCK: Final = 7_312
"""First half of the advisory lock on a call's name; the second is the hash of provider and name."""

_LOCK_NAMES: Final = text(f"""
    SELECT pg_advisory_xact_lock({NAME_LOCK}, half) FROM (
        SELECT DISTINCT hashtext(:provider || chr(31) || name) AS half FROM unnest(CAST(:names AS text[])) AS name ORDER BY half
    ) AS in_one_order
""")  # noqa: S608 - only a constant of this file is put in


@dataclass(frozen=True, slots=True)
class KeptCall:
    """One interaction as it stands in the database, as far as the next event needs it."""

    id: UUID
    provider: str
    call_key: str
    state: InteractionState
    outcome: str | None
    settled_at: datetime | None
    last_event_at: datetime
    customer_ref: str | None
    chosen_by: str | None
    identity_level: int

    @property
    def closing(self) -> Closing:
        """Return what the clock did to it so far."""
        if self.settled_at is None:
            return "none"
        return "lost" if self.outcome == LOST else "settled"


async def lock_names(tx: AsyncConnection, provider: str, names: Iterable[str]) -> None:
    """Let one transaction at a time deal with these names, also before any row bears them. Always in one order."""
    await tx.execute(_LOCK_NAMES, {"provider": provider, "names": sorted(set(names))})


async def find(conn: AsyncConnection, provider: str, names: Iterable[str]) -> frozenset[UUID]:
    """Return the interactions any of these names belongs to."""
    query = select(call_aliases.c.interaction_id).where(
        call_aliases.c.provider == provider, call_aliases.c.call_key == func.any(bindparam("names", list(names)))
    )
    return frozenset((await conn.execute(query)).scalars())


async def find_derived(conn: AsyncConnection, provider: str, stem: str) -> frozenset[UUID]:
    """Return the newest call under way that bears a derived id of this number and direction."""
    query = (
        select(interactions.c.id)
        .join(call_aliases, call_aliases.c.interaction_id == interactions.c.id)
        .where(call_aliases.c.provider == provider, call_aliases.c.call_key.between(f"{stem}:", f"{stem}:~"))
        .where(interactions.c.settled_at.is_(None))
        .order_by(interactions.c.started_at.desc())
        .limit(1)
    )
    return frozenset((await conn.execute(query)).scalars())


async def lock(tx: AsyncConnection, ids: Iterable[UUID], *, skip_busy: bool = False) -> list[KeptCall]:
    """Lock interactions, the oldest first, and return those that still exist (`skip_busy`: and that nobody else holds)."""
    wanted = list(ids)
    if not wanted:
        return []
    query = (
        select(*(interactions.c[name] for name in KeptCall.__dataclass_fields__))
        .where(interactions.c.id == func.any(bindparam("ids", wanted)))
        .order_by(interactions.c.id)
        .with_for_update(skip_locked=skip_busy)
    )
    return [KeptCall(**row._asdict()) for row in await tx.execute(query)]


async def write(tx: AsyncConnection, interaction_id: UUID, story: Interaction, *, provider: str, heard_at: datetime) -> None:
    """Write the interaction and its legs as told. What people decided about it (customer, level) is left alone.

    `customer_raw` of an internal call is the agent who dialled.
    """
    told = _columns(story)
    row = {"id": interaction_id, "provider": provider, "last_event_at": heard_at, **told}
    statement = insert(interactions).values(row)
    latest = func.greatest(interactions.c.last_event_at, statement.excluded.last_event_at)
    await tx.execute(
        statement.on_conflict_do_update(index_elements=["id"], set_={**told, "last_event_at": latest}),
    )
    await _write_legs(tx, interaction_id, story)


async def mark_settled(tx: AsyncConnection, interaction_id: UUID, at: datetime | None) -> None:
    """Note when the interaction was settled; None: another leg of it opened, it is under way again."""
    await tx.execute(update(interactions).where(interactions.c.id == interaction_id).values(settled_at=at))


async def add_names(tx: AsyncConnection, provider: str, names: Sequence[tuple[str, str]], interaction_id: UUID) -> None:
    """Note names of an interaction, each with how it was joined. A name already noted stays where it is."""
    rows = [
        {"provider": provider, "call_key": name, "interaction_id": interaction_id, "joined_by": joined_by}
        for name, joined_by in names
    ]
    if rows:
        await tx.execute(insert(call_aliases).on_conflict_do_nothing(), rows)


async def names_of(conn: AsyncConnection, ids: Iterable[UUID]) -> dict[str, str]:
    """Return the names of interactions, each with how it was joined."""
    query = select(call_aliases.c.call_key, call_aliases.c.joined_by).where(
        call_aliases.c.interaction_id == func.any(bindparam("ids", list(ids)))
    )
    return {row.call_key: row.joined_by for row in await conn.execute(query)}


async def choose_customer(
    tx: AsyncConnection, interaction_id: UUID, ref: str | None, *, chosen_by: str | None, identity_level: int
) -> bool:
    """Write down who the customer of an interaction is (`crm:003xx`), and how sure that is. False: there is no such call."""
    values = {"customer_ref": ref, "chosen_by": chosen_by, "identity_level": identity_level}
    return (await tx.execute(update(interactions).where(interactions.c.id == interaction_id).values(values))).rowcount == 1


async def quiet(conn: AsyncConnection, *, heard_before: datetime, limit: int) -> list[UUID]:
    """Return unsettled interactions of which nothing is open and nothing was heard since `heard_before`."""
    open_leg = select(legs.c.id).where(legs.c.interaction_id == interactions.c.id, legs.c.ended_at.is_(None))
    any_leg = select(legs.c.id).where(legs.c.interaction_id == interactions.c.id)
    over = or_(interactions.c.state == "ended", and_(any_leg.exists(), ~open_leg.exists()))
    return await _unsettled(conn, heard_before, limit, over)


async def silent(conn: AsyncConnection, *, heard_before: datetime, limit: int) -> list[UUID]:
    """Return unsettled interactions of which nothing was heard since `heard_before`, whatever their state."""
    return await _unsettled(conn, heard_before, limit)


async def _unsettled(conn: AsyncConnection, heard_before: datetime, limit: int, *conditions: Any) -> list[UUID]:  # noqa: ANN401 - SQL
    query = (
        select(interactions.c.id)
        .where(interactions.c.settled_at.is_(None), interactions.c.last_event_at <= heard_before, *conditions)
        .order_by(interactions.c.last_event_at)
        .limit(limit)
    )
    return list((await conn.execute(query)).scalars())


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """Where to look for a call that may be part of another: the same customer, or a colleague's consult, about the same time."""

    provider: str
    apart_from: Sequence[UUID]
    customer: str | None
    caller: str | None
    agents: Sequence[str]
    since: datetime
    began_at: datetime
    until: datetime


async def neighbours(conn: AsyncConnection, place: Neighbourhood, *, limit: int = 10) -> list[UUID]:
    """Return interactions that may belong together with one, by number, by who called inside the house, or by who was called."""
    table = interactions.c
    by_number = select(table.id).where(
        table.customer_e164 == place.customer, table.started_at.between(place.since, place.until), ~table.internal
    )
    by_caller = (
        select(legs.c.interaction_id)
        .join(interactions, table.id == legs.c.interaction_id)
        .where(legs.c.agent == place.caller, legs.c.answered_at.between(place.since, place.began_at), ~table.internal)
    )
    inside = select(table.id).where(
        table.internal, table.started_at.between(place.began_at, place.until), table.customer_raw.in_(place.agents)
    )
    ways = [by_number] if place.customer else []
    ways += [by_caller] if place.caller else []
    ways += [inside] if place.agents else []
    if not ways:
        return []
    found = union(*ways).subquery()
    query = (
        select(table.id)
        .where(table.id.in_(select(found.c[0])), table.provider == place.provider)
        .where(table.id != func.all(bindparam("apart_from", list(place.apart_from))))
        .order_by(table.started_at.desc(), table.id)
        .limit(limit)
    )
    return list((await conn.execute(query)).scalars())


def _columns(story: Interaction) -> dict[str, Any]:
    phone = story.customer
    withheld = phone is not None and phone.withheld
    who = (story.caller or "") if story.internal else story.customer_raw
    return {
        "call_key": story.call_key,
        "direction": story.direction,
        "customer_raw": "" if withheld else who,
        "customer_e164": None if phone is None or withheld else phone.e164,
        "customer_national": None if phone is None or withheld else phone.national,
        "customer_extension": None if phone is None else phone.extension,
        "withheld": withheld,
        "internal": story.internal,
        "line": story.line,
        "queue": story.queue,
        "state": story.state,
        "outcome": story.outcome,
        "id_quality": story.id_quality,
        "started_at": story.started_at,
        "answered_at": story.answered_at,
        "ended_at": story.ended_at,
        "talk_s": story.talk_s if story.state == "ended" else None,
        "wait_s": story.wait_s,
        "hangup_cause": story.hangup_cause,
        "recording_ref": story.recording_ref,
    }


async def _write_legs(tx: AsyncConnection, interaction_id: UUID, story: Interaction) -> None:
    rows = [
        {
            "id": uuid4(),
            "interaction_id": interaction_id,
            "leg_key": leg.key,
            "agent": leg.agent,
            "extension": leg.extension,
            "queue": leg.queue,
            "kind": leg.kind,
            "state": leg.state,
            "outcome": leg.outcome,
            "rang_at": leg.rang_at,
            "answered_at": leg.answered_at,
            "ended_at": leg.ended_at,
            "talk_s": leg.talk_s,
        }
        for leg in story.legs
    ]
    gone = delete(legs).where(legs.c.interaction_id == interaction_id)
    if rows:
        statement = insert(legs)
        told = {name: statement.excluded[name] for name in rows[0] if name not in {"id", "interaction_id", "leg_key"}}
        await tx.execute(statement.on_conflict_do_update(index_elements=["interaction_id", "leg_key"], set_=told), rows)
        gone = gone.where(legs.c.leg_key != func.all(bindparam("kept", [row["leg_key"] for row in rows])))
    await tx.execute(gone)
