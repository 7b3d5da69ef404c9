"""What people agreed to and took back, as a ledger: rows are only ever added, the last of a key and purpose holds."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from tieline.domain.survey_guards import ConsentState
from tieline.store.tables_surveys import consents


@dataclass(frozen=True, slots=True)
class Consent:
    """One line of the ledger. `customer_key`: an E.164 number or `connection:id`; `source`: who or what heard it."""

    customer_key: str
    purpose: str
    state: ConsentState
    source: str
    at: datetime


async def add(tx: AsyncConnection, lines: Iterable[Consent]) -> None:
    """Add lines."""
    rows = [{name: getattr(line, name) for name in Consent.__dataclass_fields__} for line in lines]
    if rows:
        await tx.execute(insert(consents), rows)


async def latest(conn: AsyncConnection, keys: Sequence[str], purpose: str) -> Consent | None:
    """Return what holds of somebody known by these keys: the last that was said under any of them."""
    query = (
        select(*(consents.c[name] for name in Consent.__dataclass_fields__))
        .where(consents.c.customer_key.in_(keys), consents.c.purpose == purpose)
        .order_by(consents.c.id.desc())
        .limit(1)
    )
    row = (await conn.execute(query)).one_or_none() if keys else None
    return Consent(**row._asdict()) if row else None


async def of_key(conn: AsyncConnection, customer_key: str, *, limit: int) -> Sequence[Consent]:
    """Return the ledger of one key, the last line first."""
    query = (
        select(*(consents.c[name] for name in Consent.__dataclass_fields__))
        .where(consents.c.customer_key == customer_key)
        .order_by(consents.c.id.desc())
        .limit(limit)
    )
    return [Consent(**row._asdict()) for row in await conn.execute(query)]
