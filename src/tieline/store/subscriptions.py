"""Subscriptions to what happens: kept with their sealed secrets, found, paused, ended."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import Row, delete, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from tieline.store import driver_rows
from tieline.store.tables_subscriptions import webhook_subscriptions

SubscriptionState = Literal["active", "paused", "gone"]
_TABLE = webhook_subscriptions.c
_LEFT_BEHIND: Final = """
    SELECT id FROM webhook_subscriptions AS one WHERE state = 'active' AND EXISTS (
        SELECT FROM deliveries WHERE connection = 'webhook:' || one.id AND state = 'parked'
            AND reason IN ('subscription_paused', 'subscription_gone')
    )
"""


@dataclass(frozen=True, slots=True)
class Subscription:
    """One subscription as stored. `kinds`: kinds of events, families (`ticket.*`) or `*`."""

    id: UUID
    url: str
    kinds: tuple[str, ...]
    state: SubscriptionState
    created_at: datetime
    created_by: str
    secret: bytes
    old_secret: bytes | None = None
    old_secret_until: datetime | None = None

    def __repr__(self) -> str:
        return f"<Subscription {self.id}, {self.state}>"


async def add(tx: AsyncConnection, subscription: Subscription) -> None:
    """Keep a new one."""
    await tx.execute(insert(webhook_subscriptions).values({**asdict(subscription), "kinds": list(subscription.kinds)}))


async def find(conn: AsyncConnection, subscription_id: UUID) -> Subscription | None:
    """Return one."""
    row = (await conn.execute(select(webhook_subscriptions).where(_TABLE.id == subscription_id))).one_or_none()
    return _subscription(row) if row else None


async def lock(tx: AsyncConnection, subscription_id: UUID) -> Subscription | None:
    """Return one that nobody else changes until the transaction ends."""
    query = select(webhook_subscriptions).where(_TABLE.id == subscription_id).with_for_update()
    row = (await tx.execute(query)).one_or_none()
    return _subscription(row) if row else None


async def listening(tx: AsyncConnection) -> list[Subscription]:
    """Return those that are to be told what happens, the paused ones included, so that none is ended meanwhile."""
    query = select(webhook_subscriptions).where(_TABLE.state != "gone").order_by(_TABLE.id)
    return [_subscription(row) for row in await tx.execute(query.with_for_update(read=True))]


async def left_behind(conn: AsyncConnection) -> list[UUID]:
    """Return the active ones to which something is still laid aside for a pause."""
    return await driver_rows.column(conn, _LEFT_BEHIND, {})


async def page(conn: AsyncConnection, *, after: tuple[datetime, UUID] | None, limit: int) -> Sequence[Subscription]:
    """Return subscriptions, the newest first, from just past `after` (created_at, id)."""
    query = select(webhook_subscriptions).order_by(_TABLE.created_at.desc(), _TABLE.id.desc()).limit(limit)
    if after is not None:
        created_at, subscription_id = after
        same_instant = (_TABLE.created_at == created_at) & (_TABLE.id < subscription_id)
        query = query.where(or_(_TABLE.created_at < created_at, same_instant))
    return [_subscription(row) for row in await conn.execute(query)]


async def change(tx: AsyncConnection, subscription_id: UUID, **values: Any) -> None:  # noqa: ANN401 - columns of any type
    """Set columns of one."""
    await tx.execute(update(webhook_subscriptions).where(_TABLE.id == subscription_id).values(values))


async def remove(tx: AsyncConnection, subscription_id: UUID) -> None:
    """End one for good."""
    await tx.execute(delete(webhook_subscriptions).where(_TABLE.id == subscription_id))


def _subscription(row: Row[Any]) -> Subscription:
    fields = row._asdict()
    fields["kinds"] = tuple(fields["kinds"])
    return Subscription(**fields)
