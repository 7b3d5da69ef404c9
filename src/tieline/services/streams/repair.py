"""After a gap: what the exchange says goes on now is compared with what we think goes on, and we are put right."""

from datetime import datetime
from typing import Final

import structlog

from tieline.connectors.streams.listening import Listening
from tieline.connectors.streams.memory import CallMemory
from tieline.connectors.streams.stream import ExchangeStream
from tieline.domain.call import CallEvent
from tieline.services import call_events, call_settling
from tieline.services.house import House
from tieline.services.streams import intake
from tieline.store import calls
from tieline.store.calls import OpenCall

NOT_LISTED: Final = "not_listed"
"""The cause of an end that nobody told us of."""
log = structlog.get_logger()


async def put_right(
    house: House, name: str, listening: Listening, *, stream: ExchangeStream, memory: CallMemory, since: datetime
) -> None:
    """End what is gone and show what rings.

    Args: since: when the stream was connected; what was heard of later is not judged by a list that may be older.
    Raises: StreamLost: the list cannot be had. Overloaded: the database is away.
    """
    listed = await stream.snapshot()
    alive = frozenset(found for message in listed for found in listening.names(message))
    async with house.database.read() as conn:
        under_way = await calls.under_way(conn, name, heard_before=since)
    ended = [call for call in under_way if not alive & (call.names | call.legs.keys())]
    for call in ended:
        await call_settling.gone(house.calls, call.id, house.clock())
    silent = [(call, leg) for call in under_way if call not in ended for leg in call.legs if leg not in alive]
    for call, leg in silent:
        await _hang_up(house, name, call, leg)
    heard = [one for message in listed if (one := listening.hear(message, memory)) is not None]
    await intake.take_in(house, name, listening, heard, now=house.clock())
    log.info("stream.put_right", connection=name, listed=len(listed), ended=len(ended), hung_up=len(silent), shown=len(heard))


async def _hang_up(house: House, name: str, call: OpenCall, leg: str) -> None:
    """Tell the end of one telephone on a call that goes on. One that we only know by its agent has no key to be listed under."""
    if leg.startswith(("@", f"{call.call_key}@")):
        return
    now = house.clock()
    event = CallEvent(call_id=call.call_key, leg_id=leg, extension=call.legs[leg], type="ended", at=now, hangup_cause=NOT_LISTED)
    await call_events.record(house.calls, event, provider=name, now=now)
