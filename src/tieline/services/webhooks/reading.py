"""Read what arrived: one arrival after the other, each claimed, understood, acted on and closed on its own.

What cannot be used is laid aside with a question to a person, and keeps nobody from his turn: not the events beside it in the
same request, and not the next request.
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

import orjson
import structlog

from tieline.connectors.connection import VendorConnection
from tieline.domain import delivery_schedule as schedule
from tieline.domain.errors import ConnectorError, Overloaded, ParentMissing, TielineError
from tieline.domain.event import Event
from tieline.kit.ids import time_ordered_id
from tieline.observability.metrics import NEWS, NEWS_SECONDS
from tieline.services.delivery.desk import Catch
from tieline.services.webhooks import taking, webhook_questions
from tieline.services.webhooks.completing import complete
from tieline.services.webhooks.desk import WebhookDesk
from tieline.services.webhooks.intake import KIND, request_of
from tieline.store import inbox, inbox_work
from tieline.store.database import Transaction
from tieline.store.inbox import Arrival
from tieline.store.inbox_work import ClaimedArrival

AT_ONCE: Final = 8
SIDE_BY_SIDE: Final = 4
PART: Final = "event_part"
"""One event of an arrival that held several, kept as an arrival of its own."""
WAITS_FOR_ITS_PARENT: Final = timedelta(hours=24)
LOOK_FOR_PARENT_S: Final = (5.0, 30.0, 300.0, 1800.0)
ASK_AGAIN_S: Final = 60.0
BUSY_AGAIN_S: Final = 1.0
MOST_DOUBLED: Final = 6
"""What meets a busy database waits a moment, and twice as long each time, to a minute."""
log = structlog.get_logger()


async def read_due(desk: WebhookDesk, *, catch: Catch) -> int:
    """Read all that is due, and return how much that was."""
    read = 0
    while True:
        async with desk.database.begin() as tx:
            claimed = await inbox_work.claim(tx, most=AT_ONCE)
        if not claimed:
            return read
        turns = asyncio.Semaphore(SIDE_BY_SIDE)
        await asyncio.gather(*(_in_turn(desk, arrival, turns, catch) for arrival in claimed))
        read += len(claimed)


async def _in_turn(desk: WebhookDesk, arrival: ClaimedArrival, turns: asyncio.Semaphore, catch: Catch) -> None:
    async with turns:
        if arrival.crashes >= schedule.MOST_CRASHES:
            await _lay_aside(desk, arrival, "workers_died")
            return
        _, error = await catch("webhook.read", _read(desk, arrival))
        if isinstance(error, Overloaded):  # If the database is away, this fails as well: then the claim lapses.
            in_s = BUSY_AGAIN_S * 2 ** min(arrival.attempts - 1, MOST_DOUBLED)
            await catch("webhook.wait", _wait(desk, arrival, in_s=in_s, code=error.code))
        elif error is not None:
            await _blame_ourselves(desk, arrival, error)


async def _read(desk: WebhookDesk, arrival: ClaimedArrival) -> None:
    connection = desk.directory.now.connections.get(arrival.connection)
    if connection is None:
        await _wait(desk, arrival, in_s=ASK_AGAIN_S, code="connection_closed")
        return
    if arrival.kind == PART:
        await _act(desk, connection, arrival, Event.model_validate_json(arrival.body))
        return
    reading = connection.read(request_of(arrival.headers, arrival.body))
    NEWS.labels(arrival.connection, "skipped").inc(reading.skipped)
    events = [Event.model_validate(fields) for fields in reading.events]
    if len(events) == 1 and not reading.faults:
        await _act(desk, connection, arrival, events[0])
        return
    await _take_apart(desk, arrival, events, reading.faults)


async def _take_apart(desk: WebhookDesk, arrival: ClaimedArrival, events: Sequence[Event], faults: Sequence[str]) -> None:
    """Keep each event of an arrival as one of its own, due at once, and ask about what is of no use."""
    async with desk.database.begin() as tx:
        if not await inbox_work.close(tx, arrival, "unusable" if faults else "done", note="; ".join(faults) or None):
            return
        await inbox_work.add(tx, [_part(arrival, number, event) for number, event in enumerate(events)])
        if not faults:
            await inbox.blank(tx, arrival.id)  # The parts say it all, each of one object.
        for fault in faults:
            await webhook_questions.ask(tx, arrival, fault, now=desk.clock())
    if faults:
        NEWS.labels(arrival.connection, "unusable").inc(len(faults))
        log.warning("webhook.unusable", connection=arrival.connection, arrival_id=str(arrival.id), faults=len(faults))


async def _act(desk: WebhookDesk, connection: VendorConnection, arrival: ClaimedArrival, event: Event) -> None:
    try:
        completed = await complete(desk, connection, event)
        async with desk.database.begin() as tx:
            if not await inbox_work.hold(tx, arrival):
                log.warning("webhook.fenced", connection=arrival.connection, arrival_id=str(arrival.id))
                return
            taken = await _once(tx, arrival, event) and await taking.take(
                tx, desk, arrival.connection, completed, cause=arrival.id
            )
            await inbox_work.close(tx, arrival, "done")
            if taking.is_of_erased(desk.erased.for_good, arrival.connection, completed):
                await inbox.blank(tx, arrival.id)
    except ParentMissing as exc:
        in_s = LOOK_FOR_PARENT_S[min(arrival.attempts, len(LOOK_FOR_PARENT_S)) - 1]
        await _wait(desk, arrival, in_s=in_s, code=exc.code, parked=True)
    except ConnectorError as exc:
        await _wait(desk, arrival, in_s=max(ASK_AGAIN_S, exc.retry_after_s or 0.0), code=exc.code)
    except TielineError as exc:
        if exc.kind not in {"permanent", "config"}:
            raise
        await _lay_aside(desk, arrival, exc.code)
    else:
        NEWS.labels(arrival.connection, "taken" if taken else "old").inc()
        NEWS_SECONDS.labels(arrival.connection).observe((desk.clock() - arrival.received_at).total_seconds())
        log.info("webhook.read", connection=arrival.connection, kind=event.kind, taken=taken)


async def _once(tx: Transaction, arrival: ClaimedArrival, event: Event) -> bool:
    """Say whether an event is told for the first time, as far as its own key tells; parts were told apart when they were kept."""
    if event.dedupe_key is None or arrival.kind == PART:
        return True
    part = _part(arrival, 0, event)
    is_new = await inbox.accept(tx, part)
    await inbox.close(tx, part.id, "done")
    return is_new


def _part(arrival: ClaimedArrival, number: int, event: Event) -> Arrival:
    return Arrival(
        id=UUID(time_ordered_id(arrival.received_at)),
        connection=arrival.connection,
        dedupe_key=f"{KIND}:{event.dedupe_key}" if event.dedupe_key else f"{arrival.id}:{number}",
        kind=PART,
        body=orjson.dumps(event.model_dump(mode="json", exclude_defaults=True)),
        received_at=arrival.received_at,
        headers={},
    )


async def _wait(desk: WebhookDesk, arrival: ClaimedArrival, *, in_s: float, code: str, parked: bool = False) -> None:
    """Look again later, for a day; then lay it aside."""
    if desk.clock() - arrival.received_at >= WAITS_FOR_ITS_PARENT:
        await _lay_aside(desk, arrival, code)
        return
    async with desk.database.begin() as tx:
        await inbox_work.put_back(tx, arrival, in_s=in_s, parked=parked)
    NEWS.labels(arrival.connection, "parked" if parked else "postponed").inc()
    log.info("webhook.waits", connection=arrival.connection, arrival_id=str(arrival.id), code=code, in_s=in_s)


async def _blame_ourselves(desk: WebhookDesk, arrival: ClaimedArrival, error: Exception) -> None:
    code = error.code if isinstance(error, TielineError) else "internal_error"
    if arrival.faults + 1 >= schedule.MOST_FAULTS:
        await _lay_aside(desk, arrival, code)
        return
    async with desk.database.begin() as tx:
        await inbox_work.put_back(tx, arrival, in_s=schedule.wait_s(arrival.faults + 1, chance=1.0), faults=1)


async def _lay_aside(desk: WebhookDesk, arrival: ClaimedArrival, code: str) -> None:
    async with desk.database.begin() as tx:
        if not await inbox_work.close(tx, arrival, "quarantined", note=code):
            return
        await webhook_questions.ask(tx, arrival, code, now=desk.clock())
    NEWS.labels(arrival.connection, "quarantined").inc()
    log.error("webhook.quarantined", connection=arrival.connection, arrival_id=str(arrival.id), code=code)
