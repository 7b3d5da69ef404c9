"""What a PBX tells in its own words: kept as it came, then turned into call events."""

from datetime import datetime
from typing import Final

from tieline.connectors.inbound.request import Inbound, InboundRequest, Reply
from tieline.domain.call import CallEvent
from tieline.domain.call_identity import completed
from tieline.domain.errors import NotFound, VendorMisconfigured
from tieline.observability.metrics import CALL_EVENTS
from tieline.services import call_events
from tieline.services.house import House
from tieline.services.inbound_refusals import refusal_of
from tieline.services.webhooks.intake import arrival_of
from tieline.store import inbox

KIND: Final = "call"
UNKNOWN_TYPE: Final = "unknown"


async def take_in(house: House, name: str, request: InboundRequest, *, now: datetime) -> Reply:
    """Take in what arrived for a connection and return what its sender is told.

    What is authentic but means nothing to us is kept for a person to look at, and told "fine": an error would only make the PBX
    repeat it. Raises: NotFound: no such connection, or it takes no calls. NotSignedIn: the proof is missing or wrong.
    BodyMalformed: not readable at all. Overloaded: the database is away; the PBX should repeat.
    """
    inbound = _translated(house, name, request)
    if inbound.refused is not None and not inbound.reply.body:
        raise refusal_of(inbound.refused)
    if inbound.kept is None:
        return inbound.reply
    # Two reports alike may be two; the events in them know their own repetitions.
    arrival = arrival_of(name, inbound.kept, None, now=now, kind=KIND)
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


async def _record(house: House, name: str, inbound: Inbound, *, now: datetime) -> None:
    if inbound.ignored:
        CALL_EVENTS.labels(type=UNKNOWN_TYPE, effect="ignored").inc()
    for fields in inbound.events:
        event = CallEvent.model_validate(completed(fields, received_at=now))
        await call_events.record(house.calls, event, provider=name, now=now)
