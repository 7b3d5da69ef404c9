"""Rows of machine keys."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Row, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from tieline.store.tables_access import api_keys

CHANNEL: Final = "tieline_keys"
"""Apart from the configuration's channel, on which every note makes every process open its connections anew."""

USE_IS_NOTED_EVERY: Final = timedelta(minutes=1)
"""`last_used_at` answers "is this key still in use?", for which a minute is close enough; a write per request is not worth it."""

LISTED_AFTER_ITS_END: Final = timedelta(days=365)
TICKET_LIFE: Final = timedelta(hours=12)
"""A softphone's page gets a key for the length of a call; nobody administers those."""
_IS_TICKET: Final = api_keys.c.expires_at - api_keys.c.created_at <= TICKET_LIFE


@dataclass(frozen=True, slots=True)
class KeyRow:
    """One key as stored: the digest of its secret, never the secret."""

    id: str
    name: str
    secret_sha256: bytes
    scopes: tuple[str, ...]
    agent: str | None
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None
    networks: tuple[str, ...] = ()
    successor: str | None = None
    certificates: tuple[str, ...] = ()
    certificate_alone: bool = False

    def usable(self, now: datetime) -> bool:
        """Say whether the key still opens anything."""
        return self.revoked_at is None and now < self.expires_at


async def add(tx: AsyncConnection, row: KeyRow) -> None:
    """Keep a new key."""
    await tx.execute(
        insert(api_keys).values(
            id=row.id,
            name=row.name,
            secret_sha256=row.secret_sha256,
            scopes=list(row.scopes),
            agent=row.agent,
            created_at=row.created_at,
            expires_at=row.expires_at,
            networks=list(row.networks),
            certificates=list(row.certificates),
            certificate_alone=row.certificate_alone,
        )
    )


async def find(conn: AsyncConnection, key_id: str) -> KeyRow | None:
    """Return the key with this id."""
    found = (await conn.execute(select(api_keys).where(api_keys.c.id == key_id))).one_or_none()
    return _row(found) if found else None


async def of_certificate(conn: AsyncConnection, identities: Collection[str], *, now: datetime) -> KeyRow | None:
    """Return the key, the newest, that a certificate known by one of these opens by itself."""
    table = api_keys.c
    live = table.revoked_at.is_(None) & (table.expires_at > now)
    query = select(api_keys).where(table.certificate_alone, live, table.certificates.overlap(list(identities)))
    found = (await conn.execute(query.order_by(table.created_at.desc(), table.id.desc()).limit(1))).one_or_none()
    return _row(found) if found else None


async def page(conn: AsyncConnection, *, after: tuple[datetime, str] | None, limit: int) -> Sequence[KeyRow]:
    """Return keys, newest first, from just past `after` (created_at, id). Tickets of a few hours are not listed."""
    query = select(api_keys).where(~_IS_TICKET).order_by(api_keys.c.created_at.desc(), api_keys.c.id.desc()).limit(limit)
    if after is not None:
        created_at, key_id = after
        same_instant = (api_keys.c.created_at == created_at) & (api_keys.c.id < key_id)
        query = query.where(or_(api_keys.c.created_at < created_at, same_instant))
    return [_row(found) for found in await conn.execute(query)]


async def revoke(tx: AsyncConnection, key_id: str, *, now: datetime) -> KeyRow | None:
    """End a key for good and return it; one revoked before keeps its first instant. None: there is no such key."""
    await tx.execute(update(api_keys).where(api_keys.c.id == key_id, api_keys.c.revoked_at.is_(None)).values(revoked_at=now))
    return await find(tx, key_id)


async def hand_over(tx: AsyncConnection, key_id: str, *, successor: str, until: datetime) -> bool:
    """Let a key run out in favour of its successor; say whether it was this call that did it. One that ends sooner ends then."""
    live = (api_keys.c.id == key_id) & api_keys.c.successor.is_(None) & api_keys.c.revoked_at.is_(None)
    ends = func.least(api_keys.c.expires_at, until)
    changed = await tx.execute(update(api_keys).where(live).values(successor=successor, expires_at=ends).returning(api_keys.c.id))
    return changed.one_or_none() is not None


async def announce(tx: AsyncConnection) -> None:
    """Tell every process, on commit, that keys have changed."""
    await tx.execute(select(func.pg_notify(CHANNEL, "")))


async def note_use(conn: AsyncConnection, row: KeyRow, *, now: datetime) -> None:
    """Write down that the key was used, at most once in `USE_IS_NOTED_EVERY`."""
    if row.last_used_at is None or now - row.last_used_at >= USE_IS_NOTED_EVERY:
        await conn.execute(update(api_keys).where(api_keys.c.id == row.id).values(last_used_at=now))


async def forget(tx: AsyncConnection, *, now: datetime) -> int:
    """Delete keys that ended long ago and return how many; that they were made and ended stays in the audit trail."""
    over = or_(api_keys.c.expires_at < now - LISTED_AFTER_ITS_END, _IS_TICKET & (api_keys.c.expires_at < now))
    return (await tx.execute(delete(api_keys).where(over))).rowcount


def _row(found: Row[Any]) -> KeyRow:
    fields = found._asdict()
    return KeyRow(**{**fields, **{name: tuple(fields[name]) for name in ("scopes", "networks", "certificates")}})
