"""What outside systems sent, as raw bytes, kept before anything reads them and once however often it comes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from sqlalchemy import any_, bindparam, delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from tieline.store.tables_calls import inbox

InboxState = Literal["accepted", "done", "unusable", "quarantined"]
SECRET_HEADERS: Final = frozenset({"authorization", "cookie", "proxy-authorization", "x-api-key", "x-heron-hook"})
"""Never written down, whoever sends them."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """One request as it came. `dedupe_key` is the sender's own id of it, else a digest of the body."""

    id: UUID
    connection: str
    dedupe_key: str
    kind: str
    body: bytes
    received_at: datetime
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class KeptArrival:
    """One request as stored. `note` says why it is unusable."""

    id: UUID
    connection: str
    dedupe_key: str
    kind: str
    headers: Mapping[str, str]
    body: bytes
    received_at: datetime
    state: InboxState
    note: str | None


async def accept(tx: AsyncConnection, arrival: Arrival) -> bool:
    """Keep a request; False: the same was kept before."""
    values = {name: getattr(arrival, name) for name in Arrival.__dataclass_fields__}
    values["headers"] = {name: text for name, text in arrival.headers.items() if name.lower() not in SECRET_HEADERS}
    statement = insert(inbox).values(values).on_conflict_do_nothing(index_elements=["connection", "dedupe_key"])
    return (await tx.execute(statement.returning(inbox.c.id))).one_or_none() is not None


async def accept_all(tx: AsyncConnection, arrivals: Sequence[Arrival]) -> None:
    """Keep several at once; what was kept before stays as it is."""
    rows = [{name: getattr(arrival, name) for name in Arrival.__dataclass_fields__} for arrival in arrivals]
    if rows:
        await tx.execute(insert(inbox).on_conflict_do_nothing(index_elements=["connection", "dedupe_key"]), rows)


async def close_all(tx: AsyncConnection, ids: Sequence[UUID], state: InboxState, *, note: str | None = None) -> None:
    """Note what became of several."""
    await tx.execute(update(inbox).where(inbox.c.id == any_(bindparam("ids", list(ids)))).values(state=state, note=note))


async def unread(conn: AsyncConnection, connection: str, *, kind: str, limit: int) -> list[KeptArrival]:
    """Return what was accepted from a connection and never worked on, the oldest first."""
    query = (
        select(inbox)
        .where(inbox.c.connection == connection, inbox.c.kind == kind, inbox.c.state == "accepted")
        .order_by(inbox.c.received_at, inbox.c.id)
        .limit(limit)
    )
    return [KeptArrival(**row._asdict()) for row in await conn.execute(query)]


async def close(tx: AsyncConnection, arrival_id: UUID, state: InboxState, *, note: str | None = None) -> None:
    """Note what became of a request."""
    await tx.execute(update(inbox).where(inbox.c.id == arrival_id).values(state=state, note=note))


async def blank(tx: AsyncConnection, arrival_id: UUID) -> None:
    """Let go of what a request said. That it came, and when, stays, so that it is known again."""
    await tx.execute(update(inbox).where(inbox.c.id == arrival_id).values(body=b"", headers={}))


async def find(conn: AsyncConnection, arrival_id: UUID) -> KeptArrival | None:
    """Return one request."""
    row = (await conn.execute(select(inbox).where(inbox.c.id == arrival_id))).one_or_none()
    return KeptArrival(**row._asdict()) if row else None


async def forget(tx: AsyncConnection, *, received_before: datetime) -> int:
    """Delete what was received longer ago than anything is repeated, and return how many."""
    return (await tx.execute(delete(inbox).where(inbox.c.received_at < received_before))).rowcount
