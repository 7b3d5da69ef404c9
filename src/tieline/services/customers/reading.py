"""The use cases behind the customers' routes: found, allowed, written to the audit before anything leaves, masked by role."""

from datetime import datetime
from typing import Any
from uuid import UUID

from tieline.domain.customer_query import CustomerQuery
from tieline.domain.errors import NotAllowed, NotFound
from tieline.domain.people import Person
from tieline.domain.references import ExternalRef
from tieline.security.permissions import Caller
from tieline.services.customers import access, profile, records
from tieline.services.pop_desk import PopDesk
from tieline.store import call_history
from tieline.store.journal import Append, AuditRow

UNKNOWN_TO = "customer_not_in_call"


async def search(desk: PopDesk, query: CustomerQuery, *, caller: Caller) -> dict[str, Any]:
    """Return the people who fit, as `items`, and how each system answered. Raises: as `profile.find`."""
    found = await profile.find(desk, query)
    people = found.profiles()
    await _note(desk, caller, "customer.searched", None, found=[one["ref"] for one in people], by=query.way)
    return {"items": [_masked(desk, caller, one, "customer") for one in people], "sources": found.sources()}


async def read(desk: PopDesk, ref: ExternalRef, *, caller: Caller) -> dict[str, Any]:
    """Return one customer across systems. Raises: NotFound. NotAllowed: an agent who has no call with them."""
    person, sources = await _person(desk, ref, caller=caller)
    await _note(desk, caller, "customer.read", str(ref))
    customer = _masked(desk, caller, profile.profile_of(person), "customer") if person is not None else None
    return {"customer": customer, "sources": sources}


async def records_of(desk: PopDesk, ref: ExternalRef, record: str, *, caller: Caller) -> dict[str, Any]:
    """Return a customer's records of one kind: order, ticket, invoice or contract. Raises: as `read`."""
    person, sources = await _person(desk, ref, caller=caller)
    if person is None:
        return {"items": [], "sources": sources}
    told = await records.of_customer(desk, person, record)
    await _note(desk, caller, f"customer.{record}s_read", str(ref))
    return {**told, "items": [_masked(desk, caller, item, record) for item in told["items"]]}


async def order(desk: PopDesk, connection: str, number: str, *, caller: Caller) -> dict[str, Any]:
    """Return one order by its number. Raises: NotFound."""
    told = await records.order(desk, connection, number)
    await _note(desk, caller, "order.read", f"{connection}:{number}")
    item = told["item"]
    return {**told, "item": None if item is None else _masked(desk, caller, item, "order")}


async def interactions(
    desk: PopDesk, ref: ExternalRef, *, before: tuple[datetime, UUID] | None, limit: int, caller: Caller
) -> list[dict[str, Any]]:
    """Return a customer's calls, newest first, from just past `before`. Raises: as `read`."""
    person, _ = await _person(desk, ref, caller=caller)
    refs = person.refs if person is not None else (str(ref),)
    async with desk.database.read() as conn:
        calls = await call_history.page_of_customer(conn, refs, before=before, limit=limit)
    await _note(desk, caller, "customer.interactions_read", str(ref))
    return [_masked(desk, caller, call, "call") for call in calls]


async def _person(desk: PopDesk, ref: ExternalRef, *, caller: Caller) -> tuple[Person | None, dict[str, Any]]:
    """Find the person behind a reference; None: their system does not answer now."""
    searching = caller.agent is None or caller.may("customer.search")
    try:
        found = await profile.read(desk, ref)
    except NotFound as exc:
        if searching:
            raise
        raise NotAllowed("This customer is in no call of yours.", code=UNKNOWN_TO) from exc
    await access.require(desk, found.people, caller=caller)
    return (found.people[0] if found.people else None), found.sources()


def _masked(desk: PopDesk, caller: Caller, document: dict[str, Any], shape: str) -> dict[str, Any]:
    return desk.policy.apply(caller.role, document, shape=shape, active_call_phone=False)


async def _note(desk: PopDesk, caller: Caller, action: str, subject: str | None, **details: Any) -> None:  # noqa: ANN401 - JSON
    entry = AuditRow(
        at=desk.now(),
        actor=caller.actor,
        actor_role=caller.role,
        action=action,
        subject=subject,
        call_id=None,
        pop_id=None,
        details=details,
    )
    await desk.journal.append(Append(audit=entry))
