"""How each exchange that is listened to stands: written by whoever listens, read by everyone."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from tieline.store.tables_streams import stream_states

StandingWord = Literal["connecting", "up", "lost"]


@dataclass(frozen=True, slots=True)
class StreamState:
    """One stream. `fault`: the code of why it is not up. `updated_at`: when its listener last said that it lives."""

    connection: str
    kind: str
    state: StandingWord
    connected_at: datetime | None
    last_event_at: datetime | None
    heard: int
    gaps: int
    filtered: bool
    fault: str | None
    updated_at: datetime


async def write(tx: AsyncConnection, state: StreamState) -> None:
    """Write down how a stream stands. An earlier listener's last event and gaps are not forgotten."""
    told = asdict(state)
    statement = insert(stream_states).values(told)
    changed: dict[str, Any] = {name: statement.excluded[name] for name in told if name != "connection"}
    changed["last_event_at"] = func.coalesce(statement.excluded.last_event_at, stream_states.c.last_event_at)
    await tx.execute(statement.on_conflict_do_update(index_elements=["connection"], set_=changed))


async def read(conn: AsyncConnection) -> dict[str, StreamState]:
    """Return every stream by its connection's name."""
    return {row.connection: StreamState(**row._asdict()) for row in await conn.execute(select(stream_states))}
