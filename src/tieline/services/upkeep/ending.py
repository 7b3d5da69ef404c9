"""End the subscriptions of connections that are switched off or removed, so that vendors stop telling a door that is closed.

What cannot be ended runs out by itself at the moment kept with it; until then it is tried again.
"""

from dataclasses import replace
from datetime import timedelta

import structlog

from tieline.connectors.connection import open_connection
from tieline.domain.errors import TielineError
from tieline.observability.metrics import VENDOR_SUBSCRIPTIONS
from tieline.services.connection_settings import Settings, connector_of, unsealed
from tieline.services.house import House
from tieline.services.upkeep import questions
from tieline.services.upkeep.keeping import CLAIMED_FOR, ask
from tieline.services.upkeep.wanted import Wanted, wait_s, want
from tieline.store import configuration, secrets, vendor_subscriptions
from tieline.store.vendor_subscriptions import VendorSubscription

log = structlog.get_logger()


async def end_unwanted(house: House) -> int:
    """End what belongs to a connection that is switched off, forget what ran out. Return how many ended."""
    async with house.database.begin() as tx:
        kept = await vendor_subscriptions.read(tx)
        rows = (await configuration.read(tx)).connections
        sealed = await secrets.of_all(tx)
    ended = 0
    for name, one in kept.items():
        row = rows.get(name)
        if row is not None and row.paused:
            ended += await end(house, one, Settings(row, sealed.get(name, {})))
        elif row is None and (one.expires_at is None or one.expires_at <= house.clock()):
            await _forget(house, one)
    return ended


async def end_removed(house: House, settings: Settings) -> bool:
    """End that of a connection just removed, whose settings are still at hand. True: there is none any more."""
    async with house.database.read() as conn:
        kept = await vendor_subscriptions.find(conn, settings.row.name)
    return kept is None or await end(house, kept, settings)


async def end(house: House, kept: VendorSubscription, settings: Settings) -> bool:
    """Ask the vendor to stop, over a connection opened for that alone. False: it is not ended yet."""
    now = house.clock()
    if kept.expires_at is None or kept.expires_at <= now:
        await _forget(house, kept)
        return True
    busy = kept.claimed_until is not None and kept.claimed_until > now
    if busy or (kept.retry_at is not None and kept.retry_at > now):
        return False
    until = now + CLAIMED_FOR
    async with house.database.begin() as tx:
        if not await vendor_subscriptions.claim(tx, kept, "end", until=until, request_key=kept.request_key or ""):
            return False
    try:
        await _ask(house, kept, settings)
    except TielineError as exc:
        log.warning("subscription.not_ended", connection=kept.connection, code=exc.code)
        failures = kept.failures + 1
        changes = {"failures": failures, "fault": exc.code, "retry_at": now + timedelta(seconds=wait_s(failures, None))}
        async with house.database.begin() as tx:
            await vendor_subscriptions.settle(tx, kept.connection, claimed_until=until, **changes)
            await questions.ask(tx, kept.connection, act="end", code=exc.code, now=now)
        VENDOR_SUBSCRIPTIONS.labels(kept.connection, "end_failed").inc()
        return False
    await _forget(house, replace(kept, claimed_until=until))
    VENDOR_SUBSCRIPTIONS.labels(kept.connection, "end").inc()
    log.info("subscription.ended", connection=kept.connection)
    return True


async def _ask(house: House, kept: VendorSubscription, settings: Settings) -> None:
    """Raises: TielineError: it cannot be opened, or the vendor does not stop."""
    row, egress = settings.row, house.directory.egress
    connector, plain = connector_of(house, row), unsealed(house, settings)
    inbound = connector.manifest.inbound
    plan = inbound.subscription if inbound else None
    if plan is None or plan.end is None:
        return  # Nothing is offered to end it by; it runs out.
    connection = open_connection(row.name, connector, config=row.config, secrets=plain, clock=house.clock, egress=egress)
    try:
        wanted: Wanted = want(connection, plan, public_url=house.webhooks.public_url, box=house.box)
        inputs = {"subscription_id": kept.external_id, "callback_url": wanted.callback_url}
        await ask(wanted, "end", inputs)
    finally:
        await connection.aclose()


async def _forget(house: House, seen: VendorSubscription) -> None:
    """Forget it, unless somebody has it in hand again meanwhile."""
    async with house.database.begin() as tx:
        if await vendor_subscriptions.forget(tx, seen):
            await questions.close(tx, seen.connection, now=house.clock())
