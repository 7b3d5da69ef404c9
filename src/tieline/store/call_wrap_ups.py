"""What an agent says of a call when it is over: how it ended in the company's words, and notes."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import literal, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from tieline.store.tables_calls import call_wrap_ups

SAID: Final = ("disposition", "notes", "by", "at")


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
    changed = {name: statement.excluded[name] for name in SAID}
    await tx.execute(statement.on_conflict_do_update(index_elements=["interaction_id"], set_=changed))


async def hand_over(tx: AsyncConnection, *, from_: UUID, onto: UUID) -> None:
    """Give what was said of a call to the one it is joined to; of two words the later one stays."""
    said = select(literal(onto), *(call_wrap_ups.c[name] for name in SAID)).where(call_wrap_ups.c.interaction_id == from_)
    statement = upsert(call_wrap_ups).from_select(["interaction_id", *SAID], said)
    later = statement.excluded.at > call_wrap_ups.c.at
    changed = {name: statement.excluded[name] for name in SAID}
    await tx.execute(statement.on_conflict_do_update(index_elements=["interaction_id"], set_=changed, where=later))


async def find(conn: AsyncConnection, interaction_id: UUID) -> WrapUp | None:
    """Return what was said of a call."""
    row = (await conn.execute(select(call_wrap_ups).where(call_wrap_ups.c.interaction_id == interaction_id))).one_or_none()
    return WrapUp(**row._asdict()) if row else None
