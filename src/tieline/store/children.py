"""Who is a child, until when: stand-ins only. Surveys ask here; every process keeps them in mind for its cards."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from tieline.store.erasures import tell
from tieline.store.tables_privacy import children

NEWS: Final = "children"
"""What is announced: no answer that is kept has to be forgotten for it."""

_LET_GO = text("DELETE FROM children WHERE until <= current_date")


async def note(tx: AsyncConnection, tokens: Sequence[str], *, until: date) -> None:
    """Keep that these are a child's, and tell every process when the transaction commits."""
    if not tokens:
        return
    given = upsert(children).values([{"token": token, "until": until} for token in dict.fromkeys(tokens)])
    await tx.execute(_LET_GO)
    await tx.execute(given.on_conflict_do_update(index_elements=["token"], set_={"until": given.excluded.until}))
    await tell(tx, NEWS)


async def marks(conn: AsyncConnection) -> Mapping[str, date]:
    """Return everybody, with the day from which on they are none."""
    return {row.token: row.until for row in await conn.execute(select(children))}


async def any_of(conn: AsyncConnection, tokens: Sequence[str], *, today: date) -> bool:
    """Say whether any of these is a child's today."""
    query = select(children.c.token).where(children.c.token.in_(tokens), children.c.until > today).limit(1)
    return (await conn.execute(query)).scalar_one_or_none() is not None
