"""Work on one claimed delivery: prepare, write the intent down, send or look, and settle what came of it.

No transaction is open while a vendor is spoken to. Between the intent and the end stands `sent_at`: a process that dies in
between leaves a delivery in doubt, and the ladder (`domain/delivery_ladder.py`) decides what the next one does.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from tieline.connectors.wire.limits import Priority
from tieline.domain.delivery import Delivered, Footing
from tieline.domain.delivery_ladder import Ending, Step, after_absence, look_later, next_step
from tieline.domain.errors import ConnectorError, NotFound, Overloaded, TielineError, VendorRejected
from tieline.services.delivery import settling
from tieline.services.delivery.attempt import WORK_WITHIN_S, Attempt
from tieline.services.delivery.desk import DeliveryDesk
from tieline.services.delivery.outlets import Outlet
from tieline.store import delivery_claims


async def work_on(desk: DeliveryDesk, attempt: Attempt) -> None:
    """Do what a claimed delivery is due, and settle it. What vendors do never raises; our own faults do.

    Raises: Overloaded: our database is away, or was when there was something to write down that had been told.
    """
    footing = Footing("T3")
    try:
        outlet = desk.outlet(attempt.delivery.connection)
        footing = outlet.footing(attempt.delivery.operation)
        await _STEPS[next_step(attempt.delivery, footing)](desk, attempt, outlet)
    except TielineError as exc:
        busy = isinstance(exc, Overloaded) and not attempt.told
        if not (busy or isinstance(exc, ConnectorError) or exc.kind in {"permanent", "config"}):
            raise
        await settling.failed(desk, attempt, exc, footing)


async def _send(desk: DeliveryDesk, attempt: Attempt, outlet: Outlet) -> None:
    delivery = attempt.delivery
    async with attempt.deadline.share(WORK_WITHIN_S):
        inputs = await desk.sinks.of(delivery).prepare(delivery)
    if inputs is None:
        await settling.done(desk, attempt, Delivered(how="needless"))
        return
    await _tell(desk, attempt, outlet, {"external_id": delivery.key, **inputs, "idempotency_key": delivery.key}, purpose="send")


async def _repeat(desk: DeliveryDesk, attempt: Attempt, outlet: Outlet) -> None:
    """Say the same again, to the letter: a vendor that knows the key refuses other words under it."""
    if attempt.delivery.sent is None:
        message = "a delivery in doubt does not say what was sent"
        raise RuntimeError(message)
    await _tell(desk, attempt, outlet, attempt.delivery.sent, purpose="repeat")


async def _look(desk: DeliveryDesk, attempt: Attempt, outlet: Outlet) -> None:
    delivery = attempt.delivery
    if not await _intend(desk, attempt, "look", None):
        return
    told = delivery.sent or {"external_id": delivery.key, "idempotency_key": delivery.key}
    found = await outlet.look(delivery.operation, inputs=told, deadline=attempt.deadline, priority="bulk")
    if found is not None:
        await settling.done(desk, attempt, found)
        return
    ending = after_absence(delivery)
    if ending is not None:
        await settling.end(desk, attempt, ending, outcome="absent")
        return
    async with desk.database.begin() as tx:
        await settling.close_exchange(tx, attempt, "absent")
    attempt.number = None
    await _send(desk, attempt, outlet)


async def _look_later(desk: DeliveryDesk, attempt: Attempt, outlet: Outlet) -> None:
    ending = look_later(attempt.delivery, outlet.footing(attempt.delivery.operation))
    await settling.end(desk, attempt, ending)


async def _finish(desk: DeliveryDesk, attempt: Attempt, _outlet: Outlet) -> None:
    delivery = attempt.delivery
    known = Delivered(external_id=delivery.external_id, external_url=delivery.external_url, sent=delivery.sent)
    await settling.done(desk, attempt, known)


async def _lay_aside(desk: DeliveryDesk, attempt: Attempt, _outlet: Outlet) -> None:
    ending = Ending(state="dead", code="workers_died", doubt=attempt.delivery.doubtful)
    await settling.end(desk, attempt, ending)


async def _ask(desk: DeliveryDesk, attempt: Attempt, _outlet: Outlet) -> None:
    ending = Ending(state="unknown", code="upstream_unknown", doubt=True)
    await settling.end(desk, attempt, ending)


async def _tell(desk: DeliveryDesk, attempt: Attempt, outlet: Outlet, inputs: Mapping[str, Any], *, purpose: str) -> None:
    delivery = attempt.delivery
    if not await _intend(desk, attempt, purpose, inputs):
        return
    priority: Priority = "live" if delivery.priority == "live" and not delivery.failures else "bulk"
    result = await outlet.send(delivery.operation, deadline=attempt.deadline, priority=priority, inputs=inputs)
    if result.outcome == "not_found":
        raise NotFound(code="upstream_object_gone")
    if result.outcome == "partial":
        raise VendorRejected("part of what was told was refused", code="upstream_partial")
    attempt.answer = Delivered(external_id=result.external_id, external_url=result.external_url, sent=inputs)
    await settling.done(desk, attempt, attempt.answer)


async def _intend(desk: DeliveryDesk, attempt: Attempt, purpose: str, sent: Mapping[str, Any] | None) -> bool:
    async with desk.database.read() as conn:
        attempt.number = await delivery_claims.intend(conn, attempt.delivery, purpose, sent=sent, worker=desk.worker)
    if attempt.number is None:
        settling.note_fenced(attempt)
        return False
    attempt.told = attempt.told or sent is not None
    return True


_STEPS: Final[Mapping[Step, Callable[[DeliveryDesk, Attempt, Outlet], Awaitable[None]]]] = {
    "send": _send,
    "repeat": _repeat,
    "look": _look,
    "wait_to_look": _look_later,
    "finish": _finish,
    "lay_aside": _lay_aside,
    "ask": _ask,
}
