"""Subscribe, pause, resume, change the secret, unsubscribe. Each is audited, in one transaction with what follows."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import UUID

import structlog

from tieline.connectors.wire.addresses import check_reachable
from tieline.domain.errors import NotFound, RequestRefused, StateConflict, VendorUnavailable
from tieline.kit.ids import time_ordered_id
from tieline.security.permissions import Caller
from tieline.services.delivery import delivery_questions
from tieline.services.delivery.waking import resume
from tieline.services.subscriptions.desk import SubscriptionDesk, place_of
from tieline.services.subscriptions.secrets import OVERLAP, make_secret, seal_secret
from tieline.store import audit_trail, deliveries, subscriptions
from tieline.store.database import Transaction
from tieline.store.journal_rows import AuditRow
from tieline.store.subscriptions import Subscription, SubscriptionState

RECEIVER: Final = Caller(actor="receiver", role="system", scopes=frozenset())
"""Whoever answers 410 has ended its own subscription."""
log = structlog.get_logger()


async def subscribe(desk: SubscriptionDesk, url: str, kinds: Sequence[str], *, by: Caller) -> tuple[Subscription, str]:
    """Have an address told of some kinds of events from now on; return the secret, which is never to be had again.

    Raises: EgressForbidden: the address may not be called. RequestRefused: nobody knows the server it names.
    """
    try:
        await check_reachable(url, desk.egress)
    except VendorUnavailable as exc:
        raise RequestRefused("The server that the address names is not known.", code="url_unknown") from exc
    now = desk.clock()
    subscription_id, secret = UUID(time_ordered_id(now)), make_secret(desk.entropy)
    sealed = seal_secret(desk.box, subscription_id, secret)
    subscription = Subscription(subscription_id, url, tuple(dict.fromkeys(kinds)), "active", now, by.actor, sealed)
    async with desk.database.begin() as tx:
        await subscriptions.add(tx, subscription)
        await _audit(tx, "created", subscription, by=by, now=now)
    return subscription, secret


async def page(desk: SubscriptionDesk, *, after: tuple[datetime, UUID] | None, limit: int) -> Sequence[Subscription]:
    """Return subscriptions, the newest first."""
    async with desk.database.read() as conn:
        return await subscriptions.page(conn, after=after, limit=limit)


async def find(desk: SubscriptionDesk, subscription_id: UUID) -> Subscription:
    """Return one. Raises: NotFound."""
    async with desk.database.read() as conn:
        found = await subscriptions.find(conn, subscription_id)
    if found is None:
        raise NotFound
    return found


async def pause(desk: SubscriptionDesk, subscription_id: UUID, *, by: Caller) -> Subscription:
    """Tell it nothing until it is resumed; what happens meanwhile waits. Doing it again changes nothing. Raises: NotFound."""
    async with desk.database.begin() as tx:
        found = await _locked(tx, subscription_id)
        return await _move(tx, found, "paused", by=by, now=desk.clock()) if found.state == "active" else found


async def resume_telling(desk: SubscriptionDesk, subscription_id: UUID, *, by: Caller) -> Subscription:
    """Tell it what waited, and what happens from now on. Raises: NotFound."""
    async with desk.database.begin() as tx:
        found = await _locked(tx, subscription_id)
        await resume(tx, [place_of(subscription_id)])
        return found if found.state == "active" else await _move(tx, found, "active", by=by, now=desk.clock())


async def resume_left_behind(desk: SubscriptionDesk) -> int:
    """Let go on what was laid aside for a pause at the very moment that ended. Return how many subscriptions that concerned."""
    async with desk.database.begin() as tx:
        left_behind = await subscriptions.left_behind(tx)
        await resume(tx, [place_of(one) for one in left_behind])
    return len(left_behind)


async def change_secret(desk: SubscriptionDesk, subscription_id: UUID, *, by: Caller) -> tuple[Subscription, str]:
    """Sign with a new secret from now on, and for a day with the old one too. Return the new one, shown this once.

    Raises: NotFound. StateConflict: it was changed within a day, and a third secret would end the first too early.
    """
    now, secret = desk.clock(), make_secret(desk.entropy)
    async with desk.database.begin() as tx:
        found = await _locked(tx, subscription_id)
        if found.old_secret_until is not None and now < found.old_secret_until:
            raise StateConflict("The secret was changed within a day; both still sign.", code="secret_overlap")
        changes = {
            "secret": seal_secret(desk.box, subscription_id, secret),
            "old_secret": found.secret,
            "old_secret_until": now + OVERLAP,
        }
        await subscriptions.change(tx, subscription_id, **changes)
        await _audit(tx, "secret_changed", found, by=by, now=now)
    return await find(desk, subscription_id), secret


async def unsubscribe(desk: SubscriptionDesk, subscription_id: UUID, *, by: Caller) -> None:
    """Tell it nothing any more; what was under way is withdrawn. Raises: NotFound."""
    now = desk.clock()
    async with desk.database.begin() as tx:
        found = await _locked(tx, subscription_id)
        withdrawn = await deliveries.withdraw_all(tx, place_of(subscription_id), reason="subscription_deleted")
        await delivery_questions.close_all(tx, withdrawn, by=by.actor, now=now, decision="discarded")
        await subscriptions.remove(tx, subscription_id)
        await _audit(tx, "deleted", found, by=by, now=now)


async def note_gone(desk: SubscriptionDesk, subscription_id: UUID) -> None:
    """Take the receiver at its word that it is no more: what was promised waits, and nothing new is promised to it."""
    async with desk.database.begin() as tx:
        found = await subscriptions.lock(tx, subscription_id)
        if found is None or found.state != "active":
            return
        await _move(tx, found, "gone", by=RECEIVER, now=desk.clock())
    log.warning("subscription.gone", subscription_id=str(subscription_id))


async def _locked(tx: Transaction, subscription_id: UUID) -> Subscription:
    found = await subscriptions.lock(tx, subscription_id)
    if found is None:
        raise NotFound
    return found


async def _move(tx: Transaction, found: Subscription, state: SubscriptionState, *, by: Caller, now: datetime) -> Subscription:
    await subscriptions.change(tx, found.id, state=state)
    await _audit(tx, {"active": "resumed"}.get(state, state), found, by=by, now=now)
    return replace(found, state=state)


async def _audit(tx: Transaction, did: str, subscription: Subscription, *, by: Caller, now: datetime) -> None:
    """Write down who did what: the kinds, never the address, which may hold a token."""
    row = AuditRow(
        at=now,
        actor=by.actor,
        actor_role=by.role,
        action=f"subscription.{did}",
        subject=f"subscription:{subscription.id}",
        details={"kinds": list(subscription.kinds)},
    )
    await audit_trail.write(tx, row)
