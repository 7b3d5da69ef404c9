"""Ends calls: what they came to is decided a little after the last leg, and what never hangs up is swept away."""

from datetime import datetime
from typing import Final
from uuid import UUID

import structlog

from tieline.domain.interaction import Closing, Interaction
from tieline.domain.pop_order import PopOrder
from tieline.observability.metrics import SWEPT_CALLS
from tieline.services import call_joining, call_questions, unknown_callers
from tieline.services.call_desk import CallDesk
from tieline.services.call_following import Subject, follow
from tieline.store import call_log, calls, happenings
from tieline.store.calls import KeptCall
from tieline.store.database import Transaction
from tieline.store.happenings import Happening

AT_ONCE: Final = 200
log = structlog.get_logger()


async def due_to_settle(desk: CallDesk, now: datetime) -> list[UUID]:
    """Return the calls of which nothing is open and nothing was heard for the settle time."""
    async with desk.database.read() as conn:
        return await calls.quiet(conn, heard_before=now - desk.policy.settle_after, limit=AT_ONCE)


async def settle(desk: CallDesk, interaction_id: UUID, now: datetime) -> bool:
    """Settle one call: decide what it came to and ask what it leaves to ask. Says whether it was this time."""
    async with desk.database.begin() as tx:
        call = await _free(tx, interaction_id)
        orders = await _settle(tx, desk, call, now=now) if call is not None else None
    return _carry_out(desk, orders)


async def settle_due(desk: CallDesk, now: datetime) -> int:
    """Settle the calls that are due, and return how many."""
    return sum([await settle(desk, interaction_id, now) for interaction_id in await due_to_settle(desk, now)])


async def lost(desk: CallDesk, now: datetime) -> list[UUID]:
    """Return the calls nothing was heard of for hours."""
    async with desk.database.read() as conn:
        return await calls.silent(conn, heard_before=now - desk.policy.lost_after, limit=AT_ONCE)


async def sweep(desk: CallDesk, interaction_id: UUID, now: datetime) -> bool:
    """End one call whose hang-up was lost. Says whether it was lost indeed."""
    async with desk.database.begin() as tx:
        call = await _free(tx, interaction_id)
        orders = await _sweep(tx, desk, call, now=now) if call is not None else None
    if orders is not None:
        SWEPT_CALLS.inc()
        log.warning("call.swept", interaction_id=str(interaction_id))
    return _carry_out(desk, orders)


async def gone(desk: CallDesk, interaction_id: UUID, now: datetime) -> bool:
    """End one call of which the exchange says that it no longer exists. Says whether it was still thought to go on."""
    async with desk.database.begin() as tx:
        call = await _free(tx, interaction_id)
        orders = await _end(tx, desk, call, "lost", now=now) if call is not None else None
    if orders is not None:
        SWEPT_CALLS.inc()
        log.warning("call.gone", interaction_id=str(interaction_id))
    return _carry_out(desk, orders)


async def sweep_lost(desk: CallDesk, now: datetime) -> int:
    """End the calls whose hang-up was lost, and return how many."""
    return sum([await sweep(desk, interaction_id, now) for interaction_id in await lost(desk, now)])


async def _free(tx: Transaction, interaction_id: UUID) -> KeptCall | None:
    """Lock a call for us; None: it is being told of right now, or was settled meanwhile. Then another time will do."""
    found = await calls.lock(tx, [interaction_id], skip_busy=True)
    return found[0] if found and found[0].settled_at is None else None


def _carry_out(desk: CallDesk, orders: tuple[PopOrder, ...] | None) -> bool:
    for order in orders or ():
        desk.present(order)
    return orders is not None


async def _settle(tx: Transaction, desk: CallDesk, call: KeptCall, *, now: datetime) -> tuple[PopOrder, ...] | None:
    if call.last_event_at > now - desk.policy.settle_after:
        return None
    call = await _joined(tx, desk, call, now=now)
    return await _end(tx, desk, call, "settled", now=now)


async def _sweep(tx: Transaction, desk: CallDesk, call: KeptCall, *, now: datetime) -> tuple[PopOrder, ...] | None:
    if call.last_event_at > now - desk.policy.lost_after:
        return None
    story = await _separated(tx, desk, call, now=now)
    if story.is_quiet:
        return None  # It ended as it should and only waits to be settled; nothing was lost.
    return await _end(tx, desk, call, "lost", now=now)


async def _joined(tx: Transaction, desk: CallDesk, call: KeptCall, *, now: datetime) -> KeptCall:
    """Now that all is told: take back guesses that do not hold, and join what belongs together after all."""
    story = await _separated(tx, desk, call, now=now)
    partner = await call_joining.partner(tx, desk, call.provider, story, but_not=[call.id])
    others = await calls.lock(tx, [partner[0]], skip_busy=True) if partner is not None else []
    if not others:
        return call
    whole = await call_joining.merge(tx, desk, sorted((call, *others), key=lambda one: one.id), guessed=True, now=now)
    await _separated(tx, desk, whole, now=now)  # The other one may have brought a guess of its own that does not hold.
    return whole


async def _separated(tx: Transaction, desk: CallDesk, call: KeptCall, *, now: datetime) -> Interaction:
    logged = await call_log.read(tx, [call.id], limit=desk.policy.most_events)
    return call_joining.told(desk, await call_joining.separate(tx, desk, call, logged, now=now))


async def _end(
    tx: Transaction, desk: CallDesk, call: KeptCall, closing: Closing, *, now: datetime
) -> tuple[PopOrder, ...] | None:
    logged = await call_log.read(tx, [call.id], limit=desk.policy.most_events)
    subject = Subject(call.id, call.provider, call.state, closing, call.last_event_at)
    followed = await follow(tx, desk, subject, [one.event for one in logged], now=now)
    if followed.story.state != "ended":
        return None
    await calls.mark_settled(tx, call.id, now)
    await happenings.add(tx, _ended(call, followed.story, now=now), now=now)
    await desk.write(tx, call.id, followed.story, now=now)
    await desk.settled(tx, call.id, followed.story, now=now)
    if closing == "settled":
        await unknown_callers.ask(tx, desk, call, followed.story, now=now)
        await call_questions.report_missed_in_a_row(tx, desk, followed.story, provider=call.provider, now=now)
    return followed.orders


def _ended(call: KeptCall, story: Interaction, *, now: datetime) -> Happening:
    """An id the exchange did not give but we derived holds a number, and is not told."""
    refs = [f"{call.provider}:{story.call_key}"] if story.id_quality == "given" else []
    return Happening("call.ended", str(call.id), story.ended_at or now, {"outcome": story.outcome, "refs": refs})
