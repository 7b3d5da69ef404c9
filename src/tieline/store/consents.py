"""The ledger of consents: what each person agreed to and took back. Rows are only ever added; the newest word counts."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import insert, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncConnection

from tieline.store.children import NEWS
from tieline.store.erasures import tell
from tieline.store.tables_privacy import consents

TOLD_AT_ONCE: Final = frozenset({"guardian"})
"""The purposes every process keeps in mind; a word on them is announced with its commit."""
KIND: Final = "consent"
"""What a number or record is pseudonymised as before it comes here."""


@dataclass(frozen=True, slots=True)
class Consent:
    """One word of one person. `at`: when they said it; `evidence`: where that is kept, a call or a form, never what it says."""

    subject: str
    purpose: str
    given: bool
    version: str
    channel: str
    at: datetime
    recorded_at: datetime
    recorded_by: str
    evidence: str | None = None


async def add(tx: AsyncConnection, consent: Consent) -> int:
    """Write a word down and return its number."""
    statement = insert(consents).values(**asdict(consent)).returning(consents.c.id)
    if consent.purpose in TOLD_AT_ONCE:
        await tell(tx, NEWS)
    return int((await tx.execute(statement)).scalar_one())


async def agreed_to(conn: AsyncConnection, purpose: str) -> frozenset[str]:
    """Return everybody whose newest word on a purpose is a yes."""
    table = consents.c
    said = select(table.subject, table.given).where(table.purpose == purpose).ext(distinct_on(table.subject))
    rows = await conn.execute(said.order_by(table.subject, table.at.desc(), table.id.desc()))
    return frozenset(row.subject for row in rows if row.given)


async def holds(conn: AsyncConnection, subjects: Sequence[str], purpose: str) -> bool | None:
    """Say whether the newest word on a purpose is a yes; None: nothing was ever said."""
    table = consents.c
    newest = select(table.given).where(table.subject.in_(subjects), table.purpose == purpose)
    row = (await conn.execute(newest.order_by(table.at.desc(), table.id.desc()).limit(1))).one_or_none()
    return None if row is None else bool(row.given)


async def history(conn: AsyncConnection, subjects: Sequence[str]) -> list[dict[str, Any]]:
    """Return everything they said, oldest first."""
    shown = [column for column in consents.columns if column.name != "subject"]
    query = select(*shown).where(consents.c.subject.in_(subjects)).order_by(consents.c.at, consents.c.id)
    return [
        {**row._asdict(), "at": row.at.isoformat(), "recorded_at": row.recorded_at.isoformat()}
        for row in await conn.execute(query)
    ]
