"""The use cases behind the customers' routes: found, allowed, written to the audit before anything leaves, masked by role."""

from datetime import datetime
from typing import Any
from uuid import UUID

from tieline.domain.customer_query import CustomerQuery
from tieline.domain.errors import NotAllowed, NotFound
from tieline.domain.narrowing import Narrowed
from tieline.domain.people import Person
from tieline.domain.phone_normalise import normalise
from tieline.domain.references import ExternalRef
from tieline.security.permissions import Caller
from tieline.services.customers import access, profile, records
from tieline.services.pop_desk import PopDesk
from tieline.services.privacy.restricted import LABEL
from tieline.services.seeing import agent_of, as_seen, narrowed_by_agent, narrowed_by_customer, sees, told_of
from tieline.store import call_history
from tieline.store.journal import Append, AuditRow

UNKNOWN_TO = "customer_not_in_call"


async def search(desk: PopDesk, query: CustomerQuery, *, caller: Caller) -> dict[str, Any]:
    """Return the people who fit, as `items`, and how each system answered. Raises: as `profile.find`."""
    await ready(desk, caller)
    found = await profile.find(desk, query)
    looks = [(profile.profile_of(person), narrowing(desk, person, found, caller=caller)) for person in found.people]
    told = told_of(dict.fromkeys([*_set_aside(desk, query), *(one for _, narrowed in looks for one in narrowed)]))
    await _note(desk, caller, "customer.searched", None, found=[one["ref"] for one, _ in looks], by=query.way, **told)
    items = [as_seen(desk, caller, one, shape="customer", narrowed=narrowed) for one, narrowed in looks]
    return {"items": items, "sources": found.sources(), **told}


async def read(desk: PopDesk, ref: ExternalRef, *, caller: Caller) -> dict[str, Any]:
    """Return one customer across systems. Raises: NotFound. NotAllowed: an agent who has no call with them."""
    person, found = await _person(desk, ref, caller=caller)
    narrowed = narrowing(desk, person, found, caller=caller, ref=ref)
    await _note(desk, caller, "customer.read", str(ref), **told_of(narrowed))
    customer = None
    if person is not None and sees(desk, caller, "customer", narrowed=narrowed):
        customer = as_seen(desk, caller, profile.profile_of(person), shape="customer", narrowed=narrowed)
    return {"customer": customer, "sources": found.sources(), **told_of(narrowed)}


async def records_of(desk: PopDesk, ref: ExternalRef, record: str, *, caller: Caller) -> dict[str, Any]:
    """Return a customer's records of one kind: order, ticket, invoice or contract. Raises: as `read`."""
    person, found = await _person(desk, ref, caller=caller)
    narrowed = narrowing(desk, person, found, caller=caller, ref=ref)
    if person is None or not sees(desk, caller, record, narrowed=narrowed):
        return {"items": [], "sources": found.sources(), **told_of(narrowed)}
    told = await records.of_customer(desk, person, record)
    await _note(desk, caller, f"customer.{record}s_read", str(ref), **told_of(narrowed))
    items = [as_seen(desk, caller, item, shape=record, narrowed=narrowed) for item in told["items"]]
    return {**told, "items": items, **told_of(narrowed)}


async def order(desk: PopDesk, connection: str, number: str, *, caller: Caller) -> dict[str, Any]:
    """Return one order by its number. Raises: NotFound."""
    await ready(desk, caller)
    told = await records.order(desk, connection, number)
    await _note(desk, caller, "order.read", f"{connection}:{number}")
    item = told["item"]
    return {**told, "item": None if item is None else as_seen(desk, caller, item, shape="order")}


async def interactions(
    desk: PopDesk, ref: ExternalRef, *, before: tuple[datetime, UUID] | None, limit: int, caller: Caller
) -> list[dict[str, Any]]:
    """Return a customer's calls, newest first, from just past `before`. Raises: as `read`."""
    person, found = await _person(desk, ref, caller=caller)
    narrowed = narrowing(desk, person, found, caller=caller, ref=ref)
    if not sees(desk, caller, "call", narrowed=narrowed):
        return []
    refs = person.refs if person is not None else (str(ref),)
    async with desk.database.read() as conn:
        calls = await call_history.page_of_customer(conn, refs, before=before, limit=limit)
    await _note(desk, caller, "customer.interactions_read", str(ref), **told_of(narrowed))
    return [as_seen(desk, caller, call, shape="call", narrowed=narrowed) for call in calls]


async def ready(desk: PopDesk, caller: Caller) -> None:
    """Know what the connected systems say of whoever asks, where that can be known soon."""
    agent = agent_of(desk, caller)
    if agent is not None:
        await desk.agents_said.make_ready(desk.directory.now, agent)


def narrowing(
    desk: PopDesk, person: Person | None, found: profile.Found, *, caller: Caller, ref: ExternalRef | None = None
) -> tuple[Narrowed, ...]:
    """Return what is taken away from what the caller sees of a person, or of whom a reference names."""
    if ref is not None and desk.erased.restricted.ref(ref):
        return (LABEL,)
    agent = agent_of(desk, caller)
    customers = person.customers if person is not None else ()
    refs = person.refs if person is not None else ()
    by = narrowed_by_customer(desk, customers, agent=agent, role=caller.role, answered=found.answered)
    of_child = desk.children.narrowed(customers, refs=refs, number=None, today=desk.now().date())
    return (*narrowed_by_agent(desk, agent), *by, *of_child)


def _set_aside(desk: PopDesk, query: CustomerQuery) -> tuple[Narrowed, ...]:
    """Say whether a search was for somebody whose data is only kept."""
    restricted = desk.erased.restricted
    if not restricted or query.phone is None:
        return ()
    number = normalise(query.phone, line=desk.directory.now.line_of(query.line))
    return (LABEL,) if restricted.number(number.key) else ()


async def _person(desk: PopDesk, ref: ExternalRef, *, caller: Caller) -> tuple[Person | None, profile.Found]:
    """Find the person behind a reference; None: their system does not answer now."""
    searching = caller.agent is None or caller.may("customer.search")
    await ready(desk, caller)
    if desk.erased.restricted.ref(ref):
        if not searching:
            raise NotAllowed("This customer is in no call of yours.", code=UNKNOWN_TO)
        return None, profile.Found((), ())
    try:
        found = await profile.read(desk, ref)
    except NotFound as exc:
        if searching:
            raise
        raise NotAllowed("This customer is in no call of yours.", code=UNKNOWN_TO) from exc
    await access.require(desk, found.people, caller=caller)
    return (found.people[0] if found.people else None), found


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
