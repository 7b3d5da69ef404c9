"""A ticket's copies in other systems: where each is, what was last agreed, what waits for a person."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Row, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from tieline.domain.ticket_link import Agreed, LinkState, as_document, from_document
from tieline.store.tables_tickets import ticket_links


@dataclass(frozen=True, slots=True)
class KeptLink:
    """One link as stored; what is on its way is not here but in the deliveries."""

    ticket_id: UUID
    connection: str
    external_id: str | None
    external_url: str | None
    version: str | None
    state: LinkState
    generation: int
    fault: str | None
    created_at: datetime
    synced_at: datetime | None


@dataclass(frozen=True, slots=True)
class HeldLink(KeptLink):
    """One that nobody else writes before the transaction ends. Only such a one can be saved: another may be out of date."""


Kind = TypeVar("Kind", bound=KeptLink)


async def add(tx: AsyncConnection, ticket_id: UUID, connection: str, *, external_id: str | None = None, now: datetime) -> bool:
    """Link a ticket to a system; False: it is linked already."""
    values = {"ticket_id": ticket_id, "connection": connection, "external_id": external_id, "created_at": now}
    statement = upsert(ticket_links).values(values).on_conflict_do_nothing().returning(ticket_links.c.ticket_id)
    return (await tx.execute(statement)).one_or_none() is not None


async def of_ticket(conn: AsyncConnection, ticket_id: UUID) -> list[KeptLink]:
    """Return a ticket's links by the connections' names."""
    query = select(ticket_links).where(ticket_links.c.ticket_id == ticket_id).order_by(ticket_links.c.connection)
    return [_link(row, KeptLink) for row in await conn.execute(query)]


async def find(conn: AsyncConnection, ticket_id: UUID, connection: str) -> KeptLink | None:
    """Return one link."""
    query = select(ticket_links).where(ticket_links.c.ticket_id == ticket_id, ticket_links.c.connection == connection)
    row = (await conn.execute(query)).one_or_none()
    return _link(row, KeptLink) if row else None


async def hold(tx: AsyncConnection, ticket_id: UUID, connection: str) -> HeldLink | None:
    """Return one link that nobody else writes before the transaction ends; its ticket is locked before, by whoever does this."""
    whose = (ticket_links.c.ticket_id == ticket_id, ticket_links.c.connection == connection)
    row = (await tx.execute(select(ticket_links).where(*whose).with_for_update())).one_or_none()
    return _link(row, HeldLink) if row else None


async def ticket_of(conn: AsyncConnection, connection: str, external_id: str) -> UUID | None:
    """Return whose copy an object of another system is."""
    query = select(ticket_links.c.ticket_id).where(
        ticket_links.c.connection == connection, ticket_links.c.external_id == external_id
    )
    return (await conn.execute(query)).scalar_one_or_none()


async def any_unnamed(conn: AsyncConnection, connection: str) -> bool:
    """Say whether a copy is being made in a system whose id we have not heard of yet."""
    query = select(ticket_links.c.ticket_id).where(
        ticket_links.c.connection == connection, ticket_links.c.external_id.is_(None), ticket_links.c.fault.is_(None)
    )
    return (await conn.execute(query.limit(1))).one_or_none() is not None


async def save(tx: AsyncConnection, link: HeldLink) -> None:
    """Write what was learned of a link; counts its generation."""
    values = {
        "external_id": link.external_id,
        "external_url": link.external_url,
        "version": link.version,
        "agreed": {name: _pair(agreed) for name, agreed in link.state.agreed.items()},
        "held": {name: as_document(value) for name, value in link.state.held.items()},
        "generation": ticket_links.c.generation + 1,
        "fault": link.fault,
        "synced_at": link.synced_at,
    }
    whose = (ticket_links.c.ticket_id == link.ticket_id, ticket_links.c.connection == link.connection)
    await tx.execute(update(ticket_links).where(*whose).values(values))


def _pair(agreed: Agreed) -> list[Any]:
    pair = [as_document(agreed.ours), as_document(agreed.theirs)]
    return [*pair, True] if agreed.overruled else pair


def _agreed(name: str, pair: list[Any]) -> Agreed:
    ours, theirs, *overruled = pair  # The third is there when it is true.
    return Agreed(from_document(name, ours), from_document(name, theirs), overruled=bool(overruled))


def _link(row: Row[Any], kind: type[Kind]) -> Kind:
    agreed: Mapping[str, list[Any]] = row.agreed
    state = LinkState(
        agreed={name: _agreed(name, pair) for name, pair in agreed.items()},
        held={name: from_document(name, value) for name, value in row.held.items()},
    )
    return kind(
        row.ticket_id,
        row.connection,
        row.external_id,
        row.external_url,
        row.version,
        state,
        row.generation,
        row.fault,
        row.created_at,
        row.synced_at,
    )
