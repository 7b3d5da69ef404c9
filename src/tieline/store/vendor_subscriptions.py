"""Until when each vendor tells us what happens. Whoever acts on one claims its row first, so that nobody else does meanwhile."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from tieline.store.tables_vendor_subscriptions import vendor_subscriptions

Act = Literal["create", "renew", "end"]
_TABLE: Final = vendor_subscriptions.c


@dataclass(frozen=True, slots=True)
class VendorSubscription:
    """One as kept. None in `expires_at`: there is none at the vendor. `fault`: the code by which the last attempt failed.

    `doubtful`: it was asked for, and nobody knows whether it came about. `request_key` goes with every repetition of one request.
    """

    connection: str
    settings: str
    external_id: str | None = None
    expires_at: datetime | None = None
    kept_at: datetime | None = None
    retry_at: datetime | None = None
    failures: int = 0
    fault: str | None = None
    doubtful: bool = False
    request_key: str | None = None
    act: Act | None = None
    claimed_until: datetime | None = None


async def read(conn: AsyncConnection) -> dict[str, VendorSubscription]:
    """Return every one by its connection's name."""
    return {row.connection: VendorSubscription(**row._asdict()) for row in await conn.execute(select(vendor_subscriptions))}


async def find(conn: AsyncConnection, connection: str) -> VendorSubscription | None:
    """Return that of one connection."""
    found = (await conn.execute(select(vendor_subscriptions).where(_TABLE.connection == connection))).one_or_none()
    return VendorSubscription(**found._asdict()) if found else None


async def begin(tx: AsyncConnection, connection: str, *, settings: str) -> None:
    """Note that a connection wants one; one that is known already stays as it is."""
    await tx.execute(insert(vendor_subscriptions).values(connection=connection, settings=settings).on_conflict_do_nothing())


async def claim(tx: AsyncConnection, seen: VendorSubscription, act: Act, *, until: datetime, request_key: str) -> bool:
    """Take it in hand as it was seen. False: somebody else has, meanwhile."""
    taken = update(vendor_subscriptions).where(*_as_seen(seen)).values(act=act, claimed_until=until, request_key=request_key)
    return (await tx.execute(taken)).rowcount == 1


async def settle(tx: AsyncConnection, connection: str, *, claimed_until: datetime, **became: Any) -> bool:  # noqa: ANN401 - columns
    """Write down what came of it, and let it go. False: the claim had lapsed, and somebody else is at it."""
    mine = (_TABLE.connection == connection, _TABLE.claimed_until == claimed_until)
    released = update(vendor_subscriptions).where(*mine).values(**became, act=None, claimed_until=None)
    return (await tx.execute(released)).rowcount == 1


async def forget(tx: AsyncConnection, seen: VendorSubscription) -> bool:
    """Know nothing of it any more. False: somebody else has it in hand meanwhile, or had."""
    return (await tx.execute(delete(vendor_subscriptions).where(*_as_seen(seen)))).rowcount == 1


def _as_seen(seen: VendorSubscription) -> Sequence[ColumnElement[bool]]:
    return (
        _TABLE.connection == seen.connection,
        _TABLE.external_id.is_not_distinct_from(seen.external_id),
        _TABLE.claimed_until.is_not_distinct_from(seen.claimed_until),
        _TABLE.kept_at.is_not_distinct_from(seen.kept_at),
        _TABLE.failures == seen.failures,
    )
