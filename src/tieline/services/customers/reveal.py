"""Show one masked field of one customer in full: a right of its own, with a reason, counted, in the audit before it is shown."""

from datetime import timedelta
from typing import Any, Final

from tieline.domain.errors import NotAllowed, NotFound, RateLimited
from tieline.domain.references import ExternalRef
from tieline.security.permissions import Caller
from tieline.security.reveal import PER_HOUR, Reason, RevealField, is_sensitive, may_reveal
from tieline.security.second_person import IDENTITY_REVEAL
from tieline.services.approvals import Leave, Plea, require
from tieline.services.customers import access, profile
from tieline.services.customers.reading import narrowing, ready
from tieline.services.pop_desk import PopDesk
from tieline.services.seeing import views_of
from tieline.store import audit_trail
from tieline.store.journal import AuditRow

REVEALED: Final = "customer.revealed"
WINDOW: Final = timedelta(hours=1)


async def reveal(desk: PopDesk, ref: ExternalRef, field: RevealField, reason: Reason, *, caller: Caller) -> dict[str, Any]:
    """Return one field unmasked, as the systems have it now.

    Raises: NotFound: no such customer, or their system does not answer. NotAllowed: the role may not have this field shown, or
    the agent has no call with the customer. StepUpRequired: it is sensitive, and they signed in too long ago.
    SecondPersonRequired: it is sensitive, and nobody else has approved it.
    RateLimited: too many in the last hour. Overloaded: it could not be written down.
    """
    if not may_reveal(caller.role, field):
        raise NotAllowed(code="field_not_revealed")
    if is_sensitive(field):
        caller.require_fresh(desk.now())
    if desk.erased.restricted.ref(ref):
        raise NotAllowed(code="field_not_revealed")
    await ready(desk, caller)
    found = await profile.read(desk, ref)
    if not found.people:
        raise NotFound
    await access.require(desk, found.people, caller=caller)
    if not may_reveal(caller.role, field, views=views_of(narrowing(desk, found.people[0], found, caller=caller))):
        raise NotAllowed(code="field_not_revealed")
    leave = await _leave(desk, ref, field, reason, caller=caller)
    await _note(desk, ref, field, reason, leave)
    return {"field": field, "value": profile.profile_of(found.people[0])[field], "sources": found.sources()}


async def _leave(desk: PopDesk, ref: ExternalRef, field: RevealField, reason: Reason, *, caller: Caller) -> Leave:
    """Whoever decides is told the system, the field and the reason; of whom it is, the asker tells them."""
    if not is_sensitive(field):
        return Leave(REVEALED, caller)
    details = {"system": ref.connection, "field": field, "reason": reason}
    return await require(desk, Plea(IDENTITY_REVEAL, {"ref": str(ref), **details}, details), by=caller)


async def _note(desk: PopDesk, ref: ExternalRef, field: RevealField, reason: Reason, leave: Leave) -> None:
    """Write it down, unless too many were: counted and written in one transaction, one at a time for each caller."""
    now, caller = desk.now(), leave.by
    async with desk.database.begin() as tx:
        await audit_trail.take_turn(tx, f"{REVEALED} {caller.actor}")
        if await audit_trail.count(tx, actor=caller.actor, action=REVEALED, since=now - WINDOW) >= PER_HOUR:
            raise RateLimited("Too many fields were shown in the last hour.", retry_after_s=WINDOW.total_seconds())
        entry = AuditRow(
            at=now,
            actor=caller.actor,
            actor_role=caller.role,
            action=REVEALED,
            subject=str(ref),
            details={"field": field, "reason": reason},
        )
        await audit_trail.write(tx, entry)
        await leave.use(tx, now=now)
