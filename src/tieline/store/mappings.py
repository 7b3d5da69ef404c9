"""Drafts and versions of a connection's mapping rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, cast

from sqlalchemy import func, insert, null, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from tieline.store.tables_mappings import mapping_drafts, mapping_versions

Kinds = Mapping[str, Any]
Origin = Literal["published", "rolled_back", "found"]


@dataclass(frozen=True, slots=True)
class Draft:
    """How far the mapping of a connection has been changed. `kinds` None: there is no draft."""

    revision: int = 0
    kinds: Kinds | None = None
    updated_by: str | None = None
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Version:
    """What held from `made_at` on. `number` counts from 1 for each connection."""

    connection: str
    number: int
    kinds: Kinds
    origin: Origin
    made_by: str
    made_at: datetime


async def draft(conn: AsyncConnection, connection: str) -> Draft:
    """Return the draft of a connection, or an empty one of revision 0."""
    found = (await conn.execute(select(mapping_drafts).where(mapping_drafts.c.connection == connection))).one_or_none()
    return Draft(found.revision, found.kinds, found.updated_by, found.updated_at) if found else Draft()


async def put_draft(tx: AsyncConnection, connection: str, kinds: Kinds | None, *, by: str, now: datetime) -> int:
    """Replace the draft (None: take it away), count the change, and return the new revision."""
    values = {"kinds": null() if kinds is None else kinds, "updated_by": by, "updated_at": now}
    statement = upsert(mapping_drafts).values(connection=connection, revision=1, **values)
    counted = {**values, "revision": mapping_drafts.c.revision + 1}
    changed = statement.on_conflict_do_update(index_elements=["connection"], set_=counted).returning(mapping_drafts.c.revision)
    return cast("int", (await tx.execute(changed)).scalar_one())


async def add_version(tx: AsyncConnection, connection: str, kinds: Kinds, *, origin: Origin, by: str, now: datetime) -> int:
    """Add what holds from now on and return its number."""
    last = select(func.coalesce(func.max(mapping_versions.c.number), 0)).where(mapping_versions.c.connection == connection)
    number = (await tx.execute(last)).scalar_one() + 1
    values = {"kinds": kinds, "origin": origin, "made_by": by, "made_at": now}
    await tx.execute(insert(mapping_versions).values(connection=connection, number=number, **values))
    return cast("int", number)


async def versions(conn: AsyncConnection, connection: str, *, before: int | None = None, limit: int) -> Sequence[Version]:
    """Return versions, the newest first, from just past `before` (a number)."""
    query = select(mapping_versions).where(mapping_versions.c.connection == connection)
    if before is not None:
        query = query.where(mapping_versions.c.number < before)
    newest_first = query.order_by(mapping_versions.c.number.desc()).limit(limit)
    return [Version(**row._asdict()) for row in await conn.execute(newest_first)]


async def version(conn: AsyncConnection, connection: str, number: int) -> Version | None:
    """Return one version."""
    chosen = mapping_versions.c.connection == connection, mapping_versions.c.number == number
    found = (await conn.execute(select(mapping_versions).where(*chosen))).one_or_none()
    return Version(**found._asdict()) if found else None
