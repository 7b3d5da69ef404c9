"""What a person does about deliveries that stand still: look, replay, say what happened, or let it be. Each is audited."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from tieline.domain.delivery import Delivered, Delivery, GivenUp
from tieline.domain.errors import NotFound, StateConflict
from tieline.security.permissions import Caller
from tieline.services.delivery import delivery_questions
from tieline.services.delivery.desk import DeliveryDesk
from tieline.services.delivery.promise import KEYS_A_JOB, wake
from tieline.store import audit_trail, dead_letters, deliveries, jobs
from tieline.store.database import Transaction
from tieline.store.dead_letters import KeptAttempt, LetterFilter
from tieline.store.journal_rows import AuditRow

REPLAY_PER_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Letter:
    """A delivery that stands, or stood, still, and every attempt at it."""

    delivery: Delivery
    attempts: Sequence[KeptAttempt]


@dataclass(frozen=True, slots=True)
class Replay:
    """How many would be, or are, set going again, and how long that takes to begin with the last."""

    count: int
    takes_s: float


async def page(
    desk: DeliveryDesk, wanted: LetterFilter, *, after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[Delivery]:
    """Return what stands still, the latest first."""
    async with desk.database.read() as conn:
        return await dead_letters.page(conn, wanted, after=after, limit=limit)


async def find(desk: DeliveryDesk, delivery_id: UUID) -> Letter:
    """Return a delivery and its attempts. Raises: NotFound."""
    async with desk.database.read() as conn:
        found = await deliveries.find(conn, delivery_id)
        if found is None:
            raise NotFound
        return Letter(found, await dead_letters.attempts(conn, delivery_id))


async def preview(desk: DeliveryDesk, chosen: Sequence[UUID] | LetterFilter, *, per_s: float) -> Replay:
    """Say what a replay would do. Nothing is changed."""
    async with desk.database.read() as conn:
        if isinstance(chosen, LetterFilter):
            return _replay(len(await dead_letters.matching(conn, chosen)), per_s)
        found = [await deliveries.find(conn, one) for one in dict.fromkeys(chosen)]
    return _replay(sum(one is not None and one.state in {"dead", "parked"} for one in found), per_s)


async def replay(desk: DeliveryDesk, chosen: Sequence[UUID] | LetterFilter, *, per_s: float, by: Caller, now: datetime) -> Replay:
    """Set what was given up going again, in the order it was promised, so many a second.

    What nobody knows the outcome of is left out: say first whether it exists.
    """
    async with desk.database.begin() as tx:
        ids = await dead_letters.matching(tx, chosen) if isinstance(chosen, LetterFilter) else chosen
        replayed = await dead_letters.replay(tx, ids, per_s=per_s)
        await delivery_questions.close_all(tx, [one.id for one in replayed], by=by.actor, now=now, decision="replayed")
        waves: dict[tuple[str, int], list[str]] = {}
        for one in sorted(replayed, key=lambda one: one.place):
            waves.setdefault((one.connection, one.place // KEYS_A_JOB), []).append(one.order_key)
        for (connection, wave), keys in waves.items():
            in_s = (wave + 1) * KEYS_A_JOB / per_s if len(replayed) > 1 else 0.0
            await wake(tx, connection, keys, priority=jobs.BULK if len(replayed) > 1 else jobs.LIVE, in_s=in_s, has_turn=True)
        await _audit(tx, "delivery.replayed", None, {"count": len(replayed), "per_s": per_s}, by=by, now=now)
    return _replay(len(replayed), per_s)


async def resolve_existing(
    desk: DeliveryDesk, delivery_id: UUID, *, external_id: str | None, by: Caller, now: datetime
) -> Delivery:
    """Say that it is there; what waited behind it goes on. Raises: NotFound. StateConflict: it does not stand still."""
    result = Delivered(external_id=external_id, how="by_hand")
    async with desk.database.begin() as tx:
        delivery = await _settle(tx, delivery_id, "delivered", from_states=("unknown", "dead"), result=result)
        await desk.sinks.of(delivery).delivered(tx, delivery, result)
        await desk.sinks.moved(tx, delivery)
        await _conclude(tx, delivery, "it_exists", by=by, now=now)
    return (await find(desk, delivery_id)).delivery


async def resolve_absent(desk: DeliveryDesk, delivery_id: UUID, *, by: Caller, now: datetime) -> Delivery:
    """Say that it is not there; it is sent anew. Raises: NotFound. StateConflict: it is not in doubt."""
    async with desk.database.begin() as tx:
        delivery = await _settle(tx, delivery_id, "pending", from_states=("unknown",))
        await desk.sinks.moved(tx, delivery)
        await _conclude(tx, delivery, "it_does_not_exist", by=by, now=now)
    return (await find(desk, delivery_id)).delivery


async def discard(desk: DeliveryDesk, delivery_id: UUID, *, by: Caller, now: datetime) -> Delivery:
    """Say that it is not wanted any more; what waited behind it goes on. Raises: NotFound. StateConflict."""
    async with desk.database.begin() as tx:
        delivery = await _settle(tx, delivery_id, "withdrawn", from_states=dead_letters.STUCK)
        await desk.sinks.of(delivery).given_up(tx, delivery, GivenUp("withdrawn", delivery.reason or "withdrawn"))
        await desk.sinks.moved(tx, delivery)
        await _conclude(tx, delivery, "discarded", by=by, now=now)
    return (await find(desk, delivery_id)).delivery


async def _settle(
    tx: Transaction, delivery_id: UUID, state: str, *, from_states: Sequence[str], result: Delivered | None = None
) -> Delivery:
    delivery = await deliveries.find(tx, delivery_id)
    if delivery is None:
        raise NotFound
    if not await dead_letters.settle(tx, delivery, state, from_states=from_states, result=result):
        raise StateConflict("The delivery is not in a state that allows this.", code="delivery_state")
    return delivery


async def _conclude(tx: Transaction, delivery: Delivery, decision: str, *, by: Caller, now: datetime) -> None:
    await delivery_questions.close_all(tx, [delivery.id], by=by.actor, now=now, decision=decision)
    await wake(tx, delivery.connection, [delivery.order_key])
    await _audit(tx, f"delivery.{decision}", delivery, {"operation": delivery.operation}, by=by, now=now)


async def _audit(
    tx: Transaction, action: str, delivery: Delivery | None, details: Mapping[str, Any], *, by: Caller, now: datetime
) -> None:
    subject = f"delivery:{delivery.id}" if delivery else None
    row = AuditRow(at=now, actor=by.actor, actor_role=by.role, action=action, subject=subject, details=details)
    await audit_trail.write(tx, row)


def _replay(count: int, per_s: float) -> Replay:
    return Replay(count, takes_s=round(max(0, count - 1) / per_s, 1))
