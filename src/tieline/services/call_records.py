"""One call and its story, as documents: what the exchange told, what it brought about, who was shown what."""

from dataclasses import asdict
from typing import Any, Final

from tieline.domain.errors import NotFound
from tieline.security.permissions import Caller
from tieline.store import call_log, call_records, pops
from tieline.store.call_log import LoggedEvent
from tieline.store.call_records import CallRecord
from tieline.store.database import Database, Transaction
from tieline.store.pops import KeptPop

EVENTS_SHOWN: Final = 500
_OF_THE_POP: Final = (
    "agent",
    "state",
    "mode",
    "reason",
    "promised_at",
    "claimed_at",
    "shown_at",
    "acked_at",
    "acked_by",
    "withdrawn_at",
)
"""What the table says of a pop stands before what its look-up noted under the same name."""


async def read(database: Database, call_id: str, *, caller: Caller) -> dict[str, Any]:
    """Return a call with its legs, unmasked. Raises: NotFound: there is none, or none the caller may see."""
    async with database.read() as conn:
        found = await call_records.find(conn, call_id)
        if found is None:
            raise NotFound
        document = await _document(conn, found, call_id)
    _require_part(caller, {leg["agent"] for leg in document["legs"]})
    return document


async def story(database: Database, call_id: str, *, caller: Caller) -> dict[str, Any]:
    """Return everything known of a call, unmasked: with `events` and `pops`. A softphone's own question is a story too.

    Raises: NotFound: nothing is known, or nothing the caller may see.
    """
    async with database.read() as conn:
        found = await call_records.find(conn, call_id)
        document = await _document(conn, found, call_id) if found else {"id": None, "call_id": call_id, "legs": []}
        events = await call_log.read(conn, [found.id], limit=EVENTS_SHOWN) if found else []
        shown = await pops.of_call(conn, call_id=call_id, interaction_id=found.id if found else None)
    if found is None and not shown:
        raise NotFound
    _require_part(caller, {leg["agent"] for leg in document["legs"]} | {pop.agent for pop in shown})
    return {**document, "events": [_event(one) for one in events], "pops": [_pop(one) for one in shown]}


async def _document(conn: Transaction, found: CallRecord, call_id: str) -> dict[str, Any]:
    legs = await call_records.legs_of(conn, found.id)
    return {**asdict(found), "id": str(found.id), "call_id": call_id, "legs": [asdict(leg) for leg in legs]}


def _event(logged: LoggedEvent) -> dict[str, Any]:
    return {**logged.event.model_dump(by_alias=True), "received_at": logged.received_at, "effect": logged.effect}


def _pop(pop: KeptPop) -> dict[str, Any]:
    return {**pop.trace, **{name: getattr(pop, name) for name in _OF_THE_POP}, "pop_id": pop.id}


def _require_part(caller: Caller, agents: set[str | None]) -> None:
    """Raises: NotFound: a person who took no part, and may not see others' calls."""
    if caller.agent is not None and caller.agent not in agents and not caller.may("agents.any"):
        raise NotFound
