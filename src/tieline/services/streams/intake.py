"""What was heard over a stream goes the way of what arrives over HTTP: kept first, then worked on, and closed.

Nobody repeats what we heard, so what was kept and not worked on (we were killed between the two) is taken up by the next
listener.
"""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import structlog

from tieline.connectors.streams.listening import Heard, Listening
from tieline.domain.call import CallEvent
from tieline.domain.call_identity import completed
from tieline.domain.errors import Overloaded
from tieline.kit.ids import time_ordered_id
from tieline.observability.metrics import CALL_EVENTS
from tieline.services import call_events
from tieline.services.house import House
from tieline.store import inbox
from tieline.store.inbox import Arrival, KeptArrival

KIND: Final = "stream"
CALLS_AT_ONCE: Final = 4
LEFT_AT_ONCE: Final = 500
DATABASE_AGAIN_S: Final = 0.5
SECOND_TRY: Final = "its first reading was cut short; a second was begun"
log = structlog.get_logger()


async def take_in(house: House, name: str, listening: Listening, heard: Sequence[Heard], *, now: datetime) -> None:
    """Keep what was heard, then record it; calls side by side, the events of one call in order.

    Waits for as long as the database is away: what was heard is heard once.
    """
    arrivals = [_arrival(name, one, now) for one in heard]
    await _until_kept(house, arrivals)
    calls: defaultdict[str, list[Arrival]] = defaultdict(list)
    for one, arrival in zip(heard, arrivals, strict=True):
        calls[one.call_id].append(arrival)
    slots = asyncio.Semaphore(CALLS_AT_ONCE)

    async def in_order(of_one_call: Sequence[Arrival]) -> None:
        async with slots:
            for arrival in of_one_call:
                await _until_recorded(house, listening, arrival)

    async with asyncio.TaskGroup() as group:
        for of_one_call in calls.values():
            group.create_task(in_order(of_one_call))
    faults = {arrival.id: fault for arrival in arrivals if (fault := listening.understand(arrival.body).fault)}
    await _close(house, arrivals, faults)


async def take_up(house: House, name: str, listening: Listening) -> int:
    """Work on what an earlier listener kept and did not come to record; return how much it was.

    What breaks the reading a second time is left for a person, so that one message cannot keep the stream from going on.
    """
    count = 0
    while left := await _left(house, name):
        for kept in left:
            async with house.database.begin() as tx:
                await inbox.close(tx, kept.id, "unusable", note=SECOND_TRY)
            await _record(house, name, listening, kept.body, received_at=kept.received_at)
            async with house.database.begin() as tx:
                await inbox.close(tx, kept.id, "done")
        count += len(left)
        log.info("stream.taken_up", connection=name, count=count)
    return count


async def _left(house: House, name: str) -> Sequence[KeptArrival]:
    async with house.database.read() as conn:
        return await inbox.unread(conn, name, kind=KIND, limit=LEFT_AT_ONCE)


def _arrival(name: str, heard: Heard, now: datetime) -> Arrival:
    return Arrival(
        id=UUID(time_ordered_id(now)),
        connection=name,
        dedupe_key=time_ordered_id(now),
        kind=KIND,
        body=heard.body,
        received_at=now,
        headers={},
    )


async def _until_kept(house: House, arrivals: Sequence[Arrival]) -> None:
    while True:
        try:
            async with house.database.begin() as tx:
                await inbox.accept_all(tx, arrivals)
        except Overloaded:
            await asyncio.sleep(DATABASE_AGAIN_S)
        else:
            return


async def _until_recorded(house: House, listening: Listening, arrival: Arrival) -> None:
    while True:
        try:
            await _record(house, arrival.connection, listening, arrival.body, received_at=arrival.received_at)
        except Overloaded:
            await asyncio.sleep(DATABASE_AGAIN_S)
        else:
            return


async def _record(house: House, name: str, listening: Listening, body: bytes, *, received_at: datetime) -> None:
    meaning = listening.understand(body)
    if meaning.fault:
        CALL_EVENTS.labels(type="unknown", effect="ignored").inc()
    for fields in meaning.events:
        event = CallEvent.model_validate(completed(fields, received_at=received_at))
        await call_events.record(house.calls, event, provider=name, now=received_at)


async def _close(house: House, arrivals: Sequence[Arrival], faults: dict[UUID, str]) -> None:
    """Not to be done is no loss: what is read twice is recorded once."""
    try:
        async with house.database.begin() as tx:
            await inbox.close_all(tx, [arrival.id for arrival in arrivals if arrival.id not in faults], "done")
            for arrival_id, fault in faults.items():
                await inbox.close(tx, arrival_id, "unusable", note=fault)
    except Overloaded:
        log.warning("stream.not_closed", count=len(arrivals))
