"""Put calls right by the exchange's own records: what no event told us, because it is told once at best and got lost.

Asked for where the connector declares it (`inbound.poll` with `call.list`). A call that we think goes on and that its record says
is over is ended; one that we never heard of is told from its record, from ring to end. A call that ended as we know it is left
alone, and so is a record of a part (a consultation, the second half of a transfer). Nobody is shown a card for what is over, by
the same rule as for any event that comes late.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final, get_args

import structlog
from pydantic import ValidationError

from tieline.connectors.connection import VendorConnection
from tieline.connectors.contract import Record
from tieline.connectors.manifest.inbound_plan import Poll
from tieline.domain.call import CallEvent, CallOutcome
from tieline.domain.errors import ConnectorError, VendorBadAnswer
from tieline.kit.deadline import Deadline
from tieline.services import call_events
from tieline.services.house import House
from tieline.store import call_records, calls, pull_cursors

OPERATION: Final = "call.list"
LOOKS_BACK: Final = timedelta(hours=1)
"""How far the very first look goes back."""
SETTLED_AFTER: Final = timedelta(minutes=2)
"""A record younger than this may not be complete, and its events may still be on their way."""
WITHIN_S: Final = 60.0
JITTER: Final = timedelta(seconds=20)
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Repaired:
    """What one look brought: records read, calls ended, calls nobody had told us of, records that could not be read."""

    rows: int = 0
    ended: int = 0
    unheard: int = 0
    unreadable: int = 0


async def repair_due(house: House) -> int:
    """Look at every exchange whose turn it is; one that is away keeps no other from its turn. Return the calls put right."""
    right = 0
    for name, connection in house.directory.now.connections.items():
        poll = _poll_of(connection)
        try:
            if poll is not None and await _is_due(house, name, poll):
                told = await repair(house, name)
                right += told.ended + told.unheard
        except ConnectorError as exc:
            log.warning("calls.not_repaired", connection=name, code=exc.code)
    return right


async def repair(house: House, name: str) -> Repaired:
    """Compare what the exchange recorded with what we know. Raises: ConnectorError: it does not answer; nothing is moved."""
    connection, now = house.directory.now.connections[name], house.clock()
    async with house.database.read() as conn:
        cursor = await pull_cursors.find(conn, name, OPERATION)
    since, until = cursor.since if cursor else now - LOOKS_BACK, now - SETTLED_AFTER
    result = await connection.run(
        OPERATION, deadline=Deadline.after(WITHIN_S), priority="bulk", since=min(since, until), until=until
    )
    told, latest = await _take(house, name, result.records, now=now)
    reached = latest if result.truncated and latest else until
    poll = _poll_of(connection)
    overlap = timedelta(seconds=poll.overlap_s if poll else 0)
    async with house.database.begin() as tx:
        await pull_cursors.move(tx, name, OPERATION, since=max(since, reached - overlap), rows=told.rows, now=now)
    log.info("calls.repaired", connection=name, **asdict(told))
    return told


async def _take(house: House, name: str, records: tuple[Record, ...], *, now: datetime) -> tuple[Repaired, datetime | None]:
    """Act on each record; return what came of it, and the latest beginning among them."""
    mapping = house.directory.trial(name).book.get("call")
    ended = unheard = unreadable = 0
    latest: datetime | None = None
    for record in records:
        try:
            call = mapping.read(record) if mapping is not None else {}
            began = call.get("started_at")
            latest = max(latest or began, began) if isinstance(began, datetime) else latest
            became = await _put_right(house, name, call, now=now)
        except (VendorBadAnswer, ValidationError, KeyError):
            unreadable += 1
            continue
        ended += became == "ended"
        unheard += became == "unheard"
    return Repaired(len(records), ended, unheard, unreadable), latest


async def _put_right(house: House, name: str, call: Mapping[str, Any], *, now: datetime) -> str:
    """Tell what the record knows and we do not. Raises: KeyError, ValidationError: it names no call, or none that can be."""
    if not isinstance(call.get("ended_at"), datetime):
        return "goes_on"
    key = str(call["id"])
    if str(call.get("call_id") or key) != key:
        return "part"
    async with house.database.read() as conn:
        known = await calls.find(conn, name, [key])
        states = [found.state for one in known if (found := await call_records.by_id(conn, one)) is not None]
    if "ended" in states:
        return "known"
    whole = [_end(key, call)] if states else list(_story(key, call))  # Before the first is told, the last must be sound.
    for event in whole:
        await call_events.record(house.calls, event, provider=name, now=now)
    return "ended" if states else "unheard"


def _story(key: str, call: Mapping[str, Any]) -> Iterator[CallEvent]:
    """Yield a whole call: it came in or was placed, somebody lifted, it ended."""
    if isinstance(call.get("started_at"), datetime):
        yield CallEvent(event_id=f"record:{key}:began", type="ringing", at=call["started_at"], **_parties(key, call))
    if isinstance(call.get("answered_at"), datetime) and call.get("agent"):
        told = {**_parties(key, call), "agent": str(call["agent"])}
        yield CallEvent(event_id=f"record:{key}:answered", leg_id=f"{key}:agent", type="answered", at=call["answered_at"], **told)
    yield _end(key, call)


def _end(key: str, call: Mapping[str, Any]) -> CallEvent:
    outcome = call.get("outcome")
    return CallEvent(
        event_id=f"record:{key}:ended",
        type="ended",
        at=call["ended_at"],
        outcome=outcome if outcome in get_args(CallOutcome) else None,
        talk_s=call.get("talk_s"),
        recording_ref=call.get("recording"),
        **_parties(key, call),
    )


def _parties(key: str, call: Mapping[str, Any]) -> dict[str, Any]:
    return {"call_id": key, **{word: call[word] for word in ("direction", "from", "to", "queue") if call.get(word)}}


async def _is_due(house: House, name: str, poll: Poll) -> bool:
    async with house.database.read() as conn:
        cursor = await pull_cursors.find(conn, name, OPERATION)
    return cursor is None or house.clock() - cursor.pulled_at >= timedelta(seconds=poll.every_s) - JITTER


def _poll_of(connection: VendorConnection) -> Poll | None:
    inbound = connection.connector.manifest.inbound
    return next((poll for poll in inbound.poll if poll.operation == OPERATION), None) if inbound else None
