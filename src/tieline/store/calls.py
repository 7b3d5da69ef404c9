"""Interactions: found by any name the exchange uses for them, locked, named, and listed when something is due."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import and_, bindparam, func, or_, select, text, union, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from tieline.domain.interaction import LOST, Closing, InteractionState
from tieline.store import driver_rows
from tieline.store.tables_calls import call_aliases, interactions, legs

NAME_LOCK: Final = 7_312
"""First half of the advisory lock on a call's name; the second is the hash of provider and name."""

_LOCK_NAMES: Final = f"""
    SELECT pg_advisory_xact_lock({NAME_LOCK}, half) FROM (
        SELECT DISTINCT hashtext(%(provider)s || chr(31) || name) AS half FROM unnest(%(names)s::text[]) AS name ORDER BY half
    ) AS in_one_order
"""  # noqa: S608 - only a constant of this file is put in

_FIND: Final = "SELECT DISTINCT interaction_id FROM call_aliases WHERE provider = %(provider)s AND call_key = ANY(%(names)s)"

_KEPT: Final = """
    SELECT id, provider, call_key, state, outcome, settled_at, last_event_at, customer_ref, chosen_by, identity_level
    FROM interactions WHERE id = ANY(%(ids)s) ORDER BY id FOR UPDATE
"""


_UNDER_WAY: Final = """
    SELECT id, call_key,
        ARRAY(SELECT call_key FROM call_aliases WHERE interaction_id = interactions.id) AS names,
        (SELECT coalesce(jsonb_object_agg(leg_key, coalesce(extension, agent)), '{}') FROM legs
            WHERE interaction_id = interactions.id AND ended_at IS NULL AND (extension IS NOT NULL OR agent IS NOT NULL)) AS legs
    FROM interactions
    WHERE provider = :provider AND state <> 'ended' AND settled_at IS NULL AND last_event_at < :heard_before
    ORDER BY started_at
"""


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
    await driver_rows.execute(tx, _LOCK_NAMES, {"provider": provider, "names": sorted(set(names))})


async def find(conn: AsyncConnection, provider: str, names: Iterable[str]) -> frozenset[UUID]:
    """Return the interactions any of these names belongs to."""
    return frozenset(await driver_rows.column(conn, _FIND, {"provider": provider, "names": list(names)}))


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
    query = _KEPT + (" SKIP LOCKED" if skip_busy else "")
    return await driver_rows.rows(tx, KeptCall, query, {"ids": wanted}) if wanted else []


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


@dataclass(frozen=True, slots=True)
class OpenCall:
    """A call under way: every name it has, and each telephone still on it, by key, with its extension or agent."""

    id: UUID
    call_key: str
    names: frozenset[str]
    legs: Mapping[str, str]


async def under_way(conn: AsyncConnection, provider: str, *, heard_before: datetime) -> list[OpenCall]:
    """Return the calls of an exchange that are not over, of which nothing was heard since `heard_before`."""
    rows = (await conn.execute(text(_UNDER_WAY), {"provider": provider, "heard_before": heard_before})).all()
    return [OpenCall(row.id, row.call_key, frozenset(row.names), row.legs) for row in rows]


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
    """Where to look for a call that may be part of another: the same customer, or a colleague's consult, about the same time.

    The other began between `since` and `until` and was not over before `not_over_before`.
    """

    provider: str
    apart_from: Sequence[UUID]
    customer: str | None
    caller: str | None
    agents: Sequence[str]
    since: datetime
    not_over_before: datetime
    began_at: datetime
    until: datetime


async def neighbours(conn: AsyncConnection, place: Neighbourhood, *, limit: int = 10) -> list[UUID]:
    """Return interactions that may belong together with one, by number, by who called inside the house, or by who was called."""
    table = interactions.c
    by_number = select(table.id).where(
        table.customer_e164 == place.customer,
        table.started_at.between(place.since, place.until),
        or_(table.ended_at.is_(None), table.ended_at >= place.not_over_before),
        ~table.internal,
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
