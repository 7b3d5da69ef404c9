"""What the index of numbers knows of one party: asked by reference, or by number for one system alone."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from tieline.domain.customer import Tier
from tieline.domain.references import ExternalRef
from tieline.store.tables_people import identity_keys


@dataclass(frozen=True, slots=True)
class KnownParty:
    """A party as the index has it: the number last seen of theirs, their tier and tags."""

    e164: str
    tier: Tier | None
    tags: tuple[str, ...]


async def reference(conn: AsyncConnection, ref: ExternalRef) -> KnownParty | None:
    """Return what is known of a record; None: nothing."""
    table = identity_keys.c
    query = (
        select(table.e164, table.tier, table.tags)
        .where(table.connection == ref.connection, table.external_kind == ref.kind, table.external_id == ref.id)
        .order_by(table.seen_at.desc())
        .limit(1)
    )
    row = (await conn.execute(query)).one_or_none()
    return KnownParty(row.e164, row.tier, tuple(row.tags)) if row else None


async def ids_by_number(conn: AsyncConnection, e164: str, connection: str) -> list[str]:
    """Return the ids under which one system knows a number."""
    table = identity_keys.c
    query = select(table.external_id).where(table.e164 == e164, table.connection == connection, table.external_kind == "customer")
    return sorted(set((await conn.execute(query)).scalars()))


async def parties(conn: AsyncConnection, e164s: Sequence[str]) -> list[ExternalRef]:
    """Return the records that carry any of some numbers."""
    table = identity_keys.c
    query = select(table.connection, table.external_kind, table.external_id).where(table.e164.in_(e164s)).distinct()
    return [
        ExternalRef(connection=row.connection, kind=row.external_kind, id=row.external_id) for row in await conn.execute(query)
    ]


async def numbers(conn: AsyncConnection, refs: Iterable[ExternalRef]) -> list[str]:
    """Return the numbers that any of some records carries."""
    table = identity_keys.c
    places = [(ref.connection, ref.kind, ref.id) for ref in refs]
    query = select(table.e164).where(tuple_(table.connection, table.external_kind, table.external_id).in_(places)).distinct()
    return sorted((await conn.execute(query)).scalars())
