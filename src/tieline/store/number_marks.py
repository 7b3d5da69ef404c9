"""What people decided about a number: its mark, whom it usually means, and who was chosen on it when several fitted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from sqlalchemy import delete, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from tieline.store.tables_people import number_choices, number_marks

Mark = Literal["shared", "company", "direct", "spam"]
CHOICES_AT_MOST: Final = 20


@dataclass(frozen=True, slots=True)
class NumberMark:
    """What is noted about one number. `remembered_ref` (`crm:003xx`) counts until `remembered_until` only."""

    e164: str
    marked_at: datetime
    mark: Mark | None = None
    remembered_ref: str | None = None
    remembered_until: datetime | None = None
    marked_by: str | None = None

    def remembered(self, now: datetime) -> str | None:
        """Return whom the number usually means, while that is still to be believed."""
        return self.remembered_ref if self.remembered_until is not None and now < self.remembered_until else None


async def find(conn: AsyncConnection, e164: str) -> NumberMark | None:
    """Return what is noted about a number. The hot path gets it with the look-up instead."""
    row = (await conn.execute(select(number_marks).where(number_marks.c.e164 == e164))).one_or_none()
    return NumberMark(**row._asdict()) if row else None


async def put_mark(tx: AsyncConnection, e164: str, mark: Mark | None, *, by: str, now: datetime) -> None:
    """Note or take back (None) what kind of number it is; whom it usually means stays."""
    await _put(tx, e164, {"mark": mark, "marked_by": by, "marked_at": now})


async def remember(tx: AsyncConnection, e164: str, ref: str, *, until: datetime, by: str, now: datetime) -> None:
    """Note whom the number usually means, until a moment; its mark stays."""
    await _put(tx, e164, {"remembered_ref": ref, "remembered_until": until, "marked_by": by, "marked_at": now})


async def note_choice(tx: AsyncConnection, e164: str, ref: str, *, interaction_id: UUID | None, by: str, now: datetime) -> None:
    """Note that somebody chose `ref` among several who carry the number."""
    row = {"e164": e164, "ref": ref, "interaction_id": interaction_id, "chosen_by": by, "chosen_at": now}
    await tx.execute(insert(number_choices).values(row))


async def chosen_since(conn: AsyncConnection, e164: str, since: datetime) -> Sequence[str]:
    """Return the different parties chosen on a number since a moment, the most recent first."""
    chosen = (
        select(number_choices.c.ref)
        .where(number_choices.c.e164 == e164, number_choices.c.chosen_at >= since)
        .order_by(number_choices.c.chosen_at.desc())
    )
    return list(dict.fromkeys((await conn.execute(chosen)).scalars()))[:CHOICES_AT_MOST]


async def forget_choices(tx: AsyncConnection, *, before: datetime) -> int:
    """Drop choices too old to matter and return how many."""
    return (await tx.execute(delete(number_choices).where(number_choices.c.chosen_at < before))).rowcount


async def _put(tx: AsyncConnection, e164: str, fields: dict[str, object]) -> None:
    statement = upsert(number_marks).values(e164=e164, **fields)
    await tx.execute(statement.on_conflict_do_update(index_elements=["e164"], set_=fields))
