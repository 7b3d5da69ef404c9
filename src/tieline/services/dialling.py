"""Click-to-dial: an agent's telephone rings, and once it is lifted, the customer's.

What is asked for is written down as a call before the exchange is asked, under an id made of the asker's key. Whoever asks again
with the same key is told of that call and nobody is rung a second time, whatever became of the first try; nothing is repeated by
itself. Where the exchange takes our id as its own, its events and ours are one call from the first moment.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from tieline.connectors.connection import VendorConnection
from tieline.domain.agent import Agent
from tieline.domain.call import CallEvent, CallEventType
from tieline.domain.dialling import as_dialled
from tieline.domain.errors import (
    CapacityExhausted,
    CircuitOpen,
    ConnectorError,
    NotAllowed,
    NotFound,
    RequestRefused,
    StateConflict,
    VendorDoNotDisturb,
    VendorDuplicate,
    VendorMisconfigured,
    VendorRejected,
    VendorThrottled,
)
from tieline.domain.phone import PhoneNumber
from tieline.domain.phone_normalise import normalise
from tieline.domain.phone_written import numbers_written_in
from tieline.domain.references import ExternalRef
from tieline.kit.deadline import Deadline
from tieline.security.permissions import Caller
from tieline.services import call_events
from tieline.services.customers import access, profile
from tieline.services.house import House
from tieline.store import audit_trail, calls, on_the_line
from tieline.store.journal_rows import AuditRow
from tieline.store.on_the_line import DIALLED

OPERATION: Final = "call.originate"
WITHIN_S: Final = 5.0
NOTHING_RANG: Final = (VendorRejected, VendorMisconfigured, VendorThrottled, CapacityExhausted, CircuitOpen)
"""Errors after which it is certain that no telephone rang; after any other it may have."""


@dataclass(frozen=True, slots=True)
class DialWish:
    """Who is to be connected with whom. One of `to` and `customer_ref` is given; `key` is the asker's own name for the wish."""

    agent: str
    key: str
    to: str | None = None
    customer_ref: ExternalRef | None = None
    connection: str | None = None


@dataclass(frozen=True, slots=True)
class Dialled:
    """The call that came of it. `duplicate`: it was asked for before, and nothing was done now."""

    call_id: str
    connection: str
    agent: str
    duplicate: bool


async def dial(house: House, wish: DialWish, *, caller: Caller, now: datetime) -> Dialled:
    """Ring the agent, then the customer.

    Raises: NotAllowed: another's telephone, or a customer who is none of theirs. NotFound: no such agent, exchange or customer.
    StateConflict: the agent is in a call or being rung for one (`agent_busy`), has no telephone (`agent_without_telephone`), or
    it cannot be rung (`agent_unreachable`); the customer is not to be called (`do_not_disturb`). RequestRefused: the number
    cannot be dialled. Overloaded: the database is away, or others wish to ring the same telephone.
    ConnectorError: the exchange does not do it.
    """
    agent = _agent(house, wish.agent, caller)
    exchange = _exchange(house, wish.connection)
    call_id = call_id_of(caller.actor, wish.key)
    already = Dialled(call_id, exchange.name, agent.id, duplicate=True)
    if await _is_known(house, exchange.name, call_id):
        return already
    phone = await _number(house, wish, caller=caller)
    async with house.database.one_at_a_time(f"dial {agent.id}", within_s=WITHIN_S):
        if await _is_known(house, exchange.name, call_id):
            return already
        await _free(house, agent, now=now)
        await _note(house, wish, call_id, caller=caller, now=now)
        rings = _event("ringing", call_id, agent, phone, now)
        await call_events.record(house.calls, rings, provider=exchange.name, now=now)
    await _ring(house, exchange, agent, phone, call_id=call_id)
    return Dialled(call_id, exchange.name, agent.id, duplicate=False)


def call_id_of(actor: str, key: str) -> str:
    """Return the id of the call that this asker means by this key; it stands in URLs, so neither shows in it."""
    meant = f"{actor}\x1f{key}"
    return f"{DIALLED}{hashlib.sha256(meant.encode()).hexdigest()[:32]}"


def _agent(house: House, name: str, caller: Caller) -> Agent:
    if not caller.speaks_for(name):
        raise NotAllowed("This is another agent's telephone.", code="agent_not_yours")
    agent = house.agent(name)
    if agent is None:
        raise NotFound("There is no such agent.")
    if not agent.extensions:
        raise StateConflict("This agent has no telephone.", code="agent_without_telephone")
    return agent


def _exchange(house: House, name: str | None) -> VendorConnection:
    able = [one for one in house.directory.now.connections.values() if OPERATION in one.operations and name in (None, one.name)]
    if not able:
        raise NotFound("No such exchange that places calls.")
    if len(able) > 1:
        raise RequestRefused("Several exchanges place calls; say which in connection.", code="exchange_unclear")
    return able[0]


async def _is_known(house: House, provider: str, call_id: str) -> bool:
    async with house.database.read() as conn:
        return bool(await calls.find(conn, provider, [call_id]))


async def _number(house: House, wish: DialWish, *, caller: Caller) -> PhoneNumber:
    line = house.directory.now.line_of(None)
    if wish.to is not None:
        found: Sequence[PhoneNumber] = (normalise(wish.to, line=line, internal=house.directory.now.internal),)
    else:
        found = await _numbers_of(house, wish.customer_ref, caller=caller)
    phone = next(iter(found), None)
    if phone is None or not as_dialled(phone, line):
        raise RequestRefused("There is no number to dial.", code="number_missing")
    if house.desk.erased.restricted.number(phone.key):
        raise StateConflict("Processing of this customer's data is restricted.", code="do_not_disturb")
    return phone


async def _numbers_of(house: House, ref: ExternalRef | None, *, caller: Caller) -> Sequence[PhoneNumber]:
    """Return a customer's numbers, as the most trusted system has them first. The asker need not be allowed to see them."""
    if ref is None:
        return ()
    found = await profile.read(house.desk, ref)
    await access.require(house.desk, found.people, caller=caller)
    written = [text for person in found.people for customer in person.customers for text in customer.phones]
    line = house.directory.now.line_of(None)
    return [number for text in written for number in numbers_written_in(text, line=line) if number.key]


async def _free(house: House, agent: Agent, *, now: datetime) -> None:
    async with house.database.read() as conn:
        if await on_the_line.is_busy(conn, agent.id, now=now):
            raise StateConflict("This agent is in a call, or their telephone rings for one.", code="agent_busy")


async def _note(house: House, wish: DialWish, call_id: str, *, caller: Caller, now: datetime) -> None:
    """Write down who had whom called, before it is done."""
    entry = AuditRow(
        at=now,
        actor=caller.actor,
        actor_role=caller.role,
        action="call.dialled",
        subject=str(wish.customer_ref) if wish.customer_ref else None,
        call_id=call_id,
        details={"agent": wish.agent, "by": "customer" if wish.customer_ref else "number"},
    )
    async with house.database.begin() as tx:
        await audit_trail.write(tx, entry)


async def _ring(house: House, exchange: VendorConnection, agent: Agent, phone: PhoneNumber, *, call_id: str) -> None:
    line = house.directory.now.line_of(None)
    try:
        result = await exchange.run(
            OPERATION,
            deadline=Deadline.after(WITHIN_S),
            agent=agent.extensions[0],
            to=as_dialled(phone, line),
            phone=phone,
            idempotency_key=call_id,
        )
    except VendorDuplicate:
        return
    except NOTHING_RANG as exc:
        await _record_failure(house, exchange.name, agent, phone, call_id=call_id, why=exc)
        if isinstance(exc, VendorDoNotDisturb):
            raise StateConflict("The customer is not to be called.", code=exc.code) from exc
        if isinstance(exc, VendorRejected):
            raise StateConflict("The agent's telephone cannot be rung.", code="agent_unreachable", hint=exc.hint) from exc
        raise
    if result.external_id not in {None, call_id}:
        await _record_name(house, exchange.name, agent, phone, call_id=call_id, theirs=str(result.external_id))


async def _record_failure(
    house: House, provider: str, agent: Agent, phone: PhoneNumber, *, call_id: str, why: ConnectorError
) -> None:
    now = house.clock()
    ended = _event("ended", call_id, agent, phone, now).model_copy(update={"outcome": "failed", "hangup_cause": why.code})
    await call_events.record(house.calls, ended, provider=provider, now=now)


async def _record_name(house: House, provider: str, agent: Agent, phone: PhoneNumber, *, call_id: str, theirs: str) -> None:
    """Say that the exchange's call and ours are one, where it did not take our id."""
    now = house.clock()
    event = _event("ringing", theirs, agent, phone, now).model_copy(update={"linked_call_id": call_id, "leg_id": None})
    await call_events.record(house.calls, event, provider=provider, now=now)


def _event(word: CallEventType, call_id: str, agent: Agent, phone: PhoneNumber, now: datetime) -> CallEvent:
    """What we know of the call ourselves. The agent's leg bears the call's id, as it does where the exchange takes ours."""
    return CallEvent(
        event_id="dialled",
        call_id=call_id,
        leg_id=call_id,
        type=word,
        direction="outbound",
        from_=agent.extensions[0],
        to=phone.e164 or phone.raw,
        agent=agent.id,
        extension=agent.extensions[0],
        at=now,
    )
