"""End a claim: the delivery's new state, the owner's own notes and the next job, in one transaction or not at all.

Only whoever still holds the claim may end it. A zombie, whose claim was taken over while it slept, changes nothing (fault F41).
"""

from dataclasses import replace
from typing import Final

import structlog
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_random

from tieline.domain.delivery import Delivered, Footing, GivenUp
from tieline.domain.delivery_ladder import Ending, after_error, after_fault
from tieline.domain.errors import ErrorKind, Overloaded, TielineError
from tieline.observability.metrics import DELIVERIES, DELIVERY_SECONDS
from tieline.services.delivery import delivery_questions
from tieline.services.delivery.attempt import Attempt
from tieline.services.delivery.desk import DeliveryDesk
from tieline.services.delivery.promise import wake
from tieline.store import delivery_claims, jobs
from tieline.store.database import Transaction

OURS: Final = "internal_error"
TRIES: Final = 3
"""So often a vendor's yes is written down: of two transactions that waited for one another, the database let one go."""
LONGEST_PAUSE_S: Final = 0.3
log = structlog.get_logger()


async def done(desk: DeliveryDesk, attempt: Attempt, result: Delivered) -> None:
    """Settle a delivery whose effect exists, and tell its owner. What is not written down here is in doubt ever after."""
    delivery = attempt.delivery
    again = AsyncRetrying(
        retry=retry_if_exception_type(Overloaded),
        stop=stop_after_attempt(TRIES),
        wait=wait_random(0.0, LONGEST_PAUSE_S),
        reraise=True,
    )
    if not await again(_keep_done, desk, attempt, result):
        note_fenced(attempt)
        return
    _count(attempt, "delivered")
    DELIVERY_SECONDS.labels(delivery.connection).observe((desk.clock() - delivery.promised_at).total_seconds())
    log.info("delivery.delivered", **_facts(attempt), how=result.how)


async def _keep_done(desk: DeliveryDesk, attempt: Attempt, result: Delivered) -> bool:
    delivery = attempt.delivery
    async with desk.database.begin() as tx:
        await close_exchange(tx, attempt, "found" if result.how == "found" else "ok")
        kept = await delivery_claims.settle(tx, delivery, Ending(state="delivered", code="ok"), result=result)
        if kept:
            await desk.sinks.of(delivery).delivered(tx, delivery, result)
            await desk.sinks.moved(tx, delivery)
    attempt.number = None
    return kept


async def failed(desk: DeliveryDesk, attempt: Attempt, error: TielineError, footing: Footing) -> None:
    """Settle a claim whose attempt failed in a way that was foreseen."""
    ending = after_error(attempt.delivery, error, footing, chance=desk.chance())
    await end(desk, attempt, ending, outcome=error.code, kind=error.kind)


async def blame_ourselves(desk: DeliveryDesk, attempt: Attempt, error: Exception) -> None:
    """Settle a claim that our own code failed at. What the vendor said before that is kept."""
    code = error.code if isinstance(error, TielineError) else OURS
    if attempt.answer is not None:
        async with desk.database.begin() as tx:
            await delivery_claims.confirm(tx, attempt.delivery, attempt.answer)
    ending = after_fault(attempt.delivery, code, chance=desk.chance())
    in_doubt = attempt.told or attempt.delivery.doubtful
    await end(desk, attempt, replace(ending, doubt=in_doubt), outcome=code, kind="internal")


async def end(
    desk: DeliveryDesk, attempt: Attempt, ending: Ending, *, outcome: str | None = None, kind: ErrorKind | None = None
) -> None:
    """Settle a claim without success: it comes back later, or waits for a person, who is asked."""
    delivery = attempt.delivery
    async with desk.database.begin() as tx:
        await close_exchange(tx, attempt, outcome or ending.code, kind=kind)
        kept = await delivery_claims.settle(tx, delivery, ending)
        if kept and ending.state == "pending":
            await wake(tx, delivery.connection, [delivery.order_key], priority=jobs.BACKLOG, in_s=ending.in_s)
        elif kept and ending.state in {"dead", "unknown"}:
            await _give_up(tx, desk, attempt, ending)
        if kept:
            await desk.sinks.moved(tx, delivery)
    attempt.number = None
    if not kept:
        note_fenced(attempt)
        return
    _count(attempt, ending.state)
    log.info("delivery.put_back", **_facts(attempt), state=ending.state, code=ending.code, in_s=round(ending.in_s, 1))


async def close_exchange(tx: Transaction, attempt: Attempt, outcome: str, *, kind: ErrorKind | None = None) -> None:
    """Note how the exchange under way ended, if one is. Once that has been committed, none is."""
    if attempt.number is not None:
        await delivery_claims.end_attempt(tx, attempt.number, outcome=outcome, kind=kind)


def note_fenced(attempt: Attempt) -> None:
    """Say that somebody else holds the claim by now; what came of ours is left to him to find out."""
    _count(attempt, "fenced")
    log.warning("delivery.fenced", **_facts(attempt))


async def _give_up(tx: Transaction, desk: DeliveryDesk, attempt: Attempt, ending: Ending) -> None:
    delivery = attempt.delivery
    reason = GivenUp("unknown" if ending.state == "unknown" else "dead", ending.code)
    await desk.sinks.of(delivery).given_up(tx, delivery, reason)
    await delivery_questions.ask(tx, delivery, reason, now=desk.clock())


def _count(attempt: Attempt, outcome: str) -> None:
    DELIVERIES.labels(attempt.delivery.connection, attempt.delivery.operation, outcome).inc()


def _facts(attempt: Attempt) -> dict[str, object]:
    delivery = attempt.delivery
    return {
        "delivery_id": str(delivery.id),
        "connection": delivery.connection,
        "operation": delivery.operation,
        "attempt": delivery.attempts,
    }
