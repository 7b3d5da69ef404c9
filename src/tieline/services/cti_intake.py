"""What a PBX tells in its own words: kept as it came, then turned into call events."""

from datetime import datetime
from typing import Final
from uuid import UUID

from tieline.connectors.inbound.request import Inbound, InboundRequest, Reply
from tieline.domain.call import CallEvent
from tieline.domain.call_identity import completed
from tieline.domain.errors import BodyMalformed, NotFound, NotSignedIn, VendorMisconfigured
from tieline.kit.ids import time_ordered_id
from tieline.observability.metrics import CALL_EVENTS
from tieline.services import call_events
from tieline.services.house import House
from tieline.store import inbox
from tieline.store.inbox import Arrival

KIND: Final = "call"
UNKNOWN_TYPE: Final = "unknown"


async def take_in(house: House, name: str, request: InboundRequest, *, now: datetime) -> Reply:
    """Take in what arrived for a connection and return what its sender is told.

    What is authentic but means nothing to us is kept for a person to look at, and told "fine": an error would only make the PBX
    repeat it. Raises: NotFound: no such connection, or it takes no calls. NotSignedIn: the proof is missing or wrong.
    BodyMalformed: not readable at all. Overloaded: the database is away; the PBX should repeat.
    """
    inbound = _translated(house, name, request)
    if inbound.refused is not None:
        _refuse(inbound.refused)
    arrival = Arrival(
        id=UUID(time_ordered_id(now)),
        connection=name,
        dedupe_key=time_ordered_id(now),
        kind=KIND,
        body=request.body,
        received_at=now,
        headers=inbound.kept.headers if inbound.kept else {},
    )
    async with house.database.begin() as tx:
        await inbox.accept(tx, arrival)
        if inbound.ignored:
            await inbox.close(tx, arrival.id, "unusable", note=inbound.ignored)
    await _record(house, name, inbound, now=now)
    if not inbound.ignored:
        async with house.database.begin() as tx:
            await inbox.close(tx, arrival.id, "done")
    return inbound.reply


def _translated(house: House, name: str, request: InboundRequest) -> Inbound:
    connection = house.directory.now.connections.get(name)
    if connection is None:
        raise NotFound
    try:
        return connection.translate(request)
    except VendorMisconfigured as exc:
        raise NotFound from exc


def _refuse(why: str) -> None:
    if why == "unsupported_media_type":
        raise BodyMalformed(code="media_type", http_status=415)
    if why == "body_malformed":
        raise BodyMalformed
    raise NotSignedIn(code=why)


async def _record(house: House, name: str, inbound: Inbound, *, now: datetime) -> None:
    if inbound.ignored:
        CALL_EVENTS.labels(type=UNKNOWN_TYPE, effect="ignored").inc()
    for fields in inbound.events:
        event = CallEvent.model_validate(completed(fields, received_at=now))
        await call_events.record(house.calls, event, provider=name, now=now)
