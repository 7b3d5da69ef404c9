"""Write calls back: once a call is over, every system that keeps calls is told of it, and again when more is known.

What is told is put together when it is sent: who, when, how long, what it came to, the agent's words, the recording. What a
system has been told already is not told again.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson

from tieline.domain.delivery import Delivered, Delivery, Effect, GivenUp
from tieline.domain.errors import NotFound
from tieline.domain.interaction import Interaction
from tieline.domain.references import ExternalRef
from tieline.services.delivery.promise import promise_all
from tieline.services.delivery.sinks import Inputs
from tieline.services.directory import Directory
from tieline.services.tickets.desk import TicketDesk
from tieline.store import call_records, call_wrap_ups, deliveries, identity_of, ticket_links, tickets
from tieline.store.call_records import CallRecord
from tieline.store.database import Transaction

CALL_LOG: Final = "call_log"
LOG, UPDATE = "call.log", "call.log_update"
ABOUT: Final = {"customer_id": "customer", "ticket_id": "ticket"}
"""What a connector may ask for beside the record, and what it is called in the record."""


async def promise_log(tx: Transaction, directory: Directory, interaction_id: UUID, story: Interaction, *, now: datetime) -> None:
    """Promise a call that is over to every system that keeps calls. Calls inside the house are nobody's business there."""
    if story.state != "ended" or story.internal:
        return
    known = (story.outcome, story.talk_s, story.ended_at, story.recording_ref)
    await promise_anew(tx, directory, interaction_id, known=known, now=now)


async def promise_anew(
    tx: Transaction, directory: Directory, interaction_id: UUID, *, known: tuple[object, ...], now: datetime
) -> None:
    """Promise what is known of a call now; the same again is the same promise."""
    names = [name for name, connection in directory.connections.items() if connection.needs(LOG) is not None]
    if not names:
        return
    told = {one.connection for one in await deliveries.of_object(tx, CALL_LOG, str(interaction_id))}
    digest = hashlib.sha256(repr(known).encode()).hexdigest()[:16]
    effects = []
    for name in names:
        is_first = name not in told
        if not is_first and directory.connections[name].needs(UPDATE) is None:
            continue
        if is_first and await _lacks(tx, directory, name, interaction_id):
            continue
        key = log_key(interaction_id, name)
        effects.append(_effect(name, LOG if is_first else UPDATE, interaction_id, key if is_first else f"{key}:{digest}"))
    await promise_all(tx, effects, now=now)


async def _lacks(tx: Transaction, directory: Directory, name: str, interaction_id: UUID) -> bool:
    """Say whether a system keeps calls only with somebody it knows, or about a ticket it has, and none such is known so far."""
    needed = (directory.connections[name].needs(LOG) or frozenset()) & ABOUT.keys()
    call = await call_records.by_id(tx, interaction_id) if needed else None
    if call is None:
        return False
    there = {"customer_id": await _customer_there(tx, call, name), "ticket_id": await _ticket_there(tx, call, name)}
    return any(there[each] is None for each in needed)


def _about(words: Mapping[str, Any]) -> dict[str, Any]:
    """Return whom the call was with and about what, by their ids there, as far as that is known."""
    return {each: words[word] for each, word in ABOUT.items() if words[word] is not None}


def log_key(interaction_id: UUID, connection: str) -> str:
    """Return the key a call is logged under in one system."""
    return f"call:{interaction_id}:{connection}"


class CallLogSink:
    """Owner of deliveries about calls."""

    def __init__(self, desk: TicketDesk) -> None:
        self._desk = desk

    async def prepare(self, delivery: Delivery) -> Inputs | None:
        """Return the call in the system's words; None: it knows all that already."""
        async with self._desk.database.read() as conn:
            return await self._inputs(conn, delivery)

    async def delivered(self, tx: Transaction, delivery: Delivery, result: Delivered) -> None:
        """Nothing more to note: the delivery itself says what the system was told, and its id there."""

    async def given_up(self, tx: Transaction, delivery: Delivery, reason: GivenUp) -> None:
        """Nothing more to note: the delivery waits among those that were given up."""

    async def _inputs(self, conn: Transaction, delivery: Delivery) -> Inputs | None:
        interaction_id = UUID(delivery.object_id)
        call = await call_records.by_id(conn, interaction_id)
        mapping = self._desk.directory.now.books.get(delivery.connection, {}).get("call")
        if call is None or mapping is None:
            raise NotFound
        words = await self._words(conn, call, delivery.connection)
        given = {name: value for name, value in words.items() if value is not None}
        record = orjson.loads(orjson.dumps(mapping.write(given, current=None, is_new=True)))
        if delivery.operation == LOG:
            return {"record": record, **_about(words)}
        before = await self._told(conn, delivery)
        news = {name: value for name, value in record.items() if before.get(name) != value}
        return {"call_id": await self._id_there(conn, delivery), "record": news} if news else None

    async def _words(self, conn: Transaction, call: CallRecord, connection: str) -> dict[str, Any]:
        legs = await call_records.legs_of(conn, call.id)
        agent = next((leg.agent for leg in legs if leg.agent and leg.answered_at), None)
        said = await call_wrap_ups.find(conn, call.id)
        customer_first = call.direction != "outbound"
        number = None if call.withheld else call.customer_e164
        return {
            "call_id": call.call_key,
            "direction": call.direction,
            "from": number if customer_first else call.line,
            "to": call.line if customer_first else number,
            "line": call.line,
            "queue": call.queue,
            "agent": agent,
            "customer": await _customer_there(conn, call, connection),
            "ticket": await _ticket_there(conn, call, connection),
            "outcome": call.outcome,
            "started_at": call.started_at,
            "answered_at": call.answered_at,
            "ended_at": call.ended_at,
            "wait_s": call.wait_s,
            "talk_s": call.talk_s,
            "disposition": said.disposition if said else None,
            "notes": said.notes if said else None,
            "recording": call.recording_ref,
        }

    async def _told(self, conn: Transaction, delivery: Delivery) -> Mapping[str, Any]:
        """Return what the system has been told of the call so far."""
        told: dict[str, Any] = {}
        for one in await deliveries.of_object(conn, CALL_LOG, delivery.object_id):
            if one.connection == delivery.connection and one.state == "delivered" and one.sent:
                told |= one.sent.get("record", {})
        return told

    async def _id_there(self, conn: Transaction, delivery: Delivery) -> str:
        found = await deliveries.of_object(conn, CALL_LOG, delivery.object_id)
        mine = (one.external_id for one in found if one.connection == delivery.connection and one.operation == LOG)
        external_id = next((one for one in mine if one is not None), None)
        if external_id is None:
            raise NotFound("The system does not have this call.", code="gone_there")
        return external_id


async def _customer_there(conn: Transaction, call: CallRecord, connection: str) -> str | None:
    if call.customer_ref is not None and (ref := ExternalRef.parse(call.customer_ref)).connection == connection:
        return ref.id
    if call.customer_e164 is None or call.withheld:
        return None
    known = await identity_of.ids_by_number(conn, call.customer_e164, connection)
    return known[0] if len(known) == 1 else None


async def _ticket_there(conn: Transaction, call: CallRecord, connection: str) -> str | None:
    for ticket in await tickets.of_call(conn, call.call_key):
        link = await ticket_links.find(conn, ticket.id, connection)
        if link is not None and link.external_id is not None:
            return link.external_id
    return None


def _effect(name: str, operation: str, interaction_id: UUID, key: str) -> Effect:
    return Effect(
        connection=name,
        operation=operation,
        object_kind=CALL_LOG,
        object_id=str(interaction_id),
        order_key=f"call:{interaction_id}",
        inputs={},
        key=key,
    )
