"""The identity index read from beginning to end, page by page, so that no transaction stays open for the length of it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from tieline.store.tables_people import identity_keys


class IndexRow(NamedTuple):
    """One entry of the index as it is stored; the first five fields say which."""

    e164: str
    extension: str
    connection: str
    external_kind: str
    external_id: str
    seen_at: datetime
    label: str | None
    direct: bool
    display_name: str | None
    party_kind: str
    company: str | None
    tier: str | None
    tags: Sequence[str]
    verified: bool


PLACE_FIELDS: Final = 5
_COLUMNS: Final = [identity_keys.c[name] for name in IndexRow._fields]


async def page(conn: AsyncConnection, *, after: IndexRow | None, limit: int) -> Sequence[IndexRow]:
    """Return entries in the order of their keys, from just past `after`."""
    place = _COLUMNS[:PLACE_FIELDS]
    query = select(*_COLUMNS).order_by(*place).limit(limit)
    if after is not None:
        query = query.where(tuple_(*place) > tuple_(*after[:PLACE_FIELDS]))
    return [IndexRow(*row) for row in await conn.execute(query)]
