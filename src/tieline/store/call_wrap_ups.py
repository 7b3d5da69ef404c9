"""What an agent says of a call when it is over: how it ended in the company's words, and notes."""

from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from tieline.store.tables_calls import call_wrap_ups


@dataclass(frozen=True, slots=True)
class WrapUp:
    """One agent's last word on a call; a later one replaces it."""

    interaction_id: UUID
    disposition: str | None
    notes: str | None
    by: str
    at: datetime


async def put(tx: AsyncConnection, wrap_up: WrapUp) -> None:
    """Keep it."""
    statement = upsert(call_wrap_ups).values(asdict(wrap_up))
    changed = {name: statement.excluded[name] for name in ("disposition", "notes", "by", "at")}
    await tx.execute(statement.on_conflict_do_update(index_elements=["interaction_id"], set_=changed))


async def find(conn: AsyncConnection, interaction_id: UUID) -> WrapUp | None:
    """Return what was said of a call."""
    row = (await conn.execute(select(call_wrap_ups).where(call_wrap_ups.c.interaction_id == interaction_id))).one_or_none()
    return WrapUp(**row._asdict()) if row else None
