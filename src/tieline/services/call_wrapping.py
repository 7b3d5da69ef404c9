"""An agent wraps a call up: kept with the call, told to every system that keeps calls."""

from tieline.domain.errors import NotFound
from tieline.security.permissions import Caller
from tieline.services.call_logging import promise_anew
from tieline.services.tickets.desk import TicketDesk
from tieline.store import audit_trail, call_records, call_wrap_ups
from tieline.store.call_wrap_ups import WrapUp
from tieline.store.journal_rows import AuditRow


async def wrap_up(desk: TicketDesk, call_id: str, *, disposition: str | None, notes: str | None, by: Caller) -> None:
    """Keep an agent's last word on a call. Raises: NotFound: no such call, or the agent had no part in it."""
    now = desk.clock()
    async with desk.database.begin() as tx:
        call = await call_records.hold(tx, call_id)
        if call is None:
            raise NotFound
        legs = await call_records.legs_of(tx, call.id)
        if not any(by.speaks_for(leg.agent) for leg in legs if leg.agent is not None):
            raise NotFound
        await call_wrap_ups.put(tx, WrapUp(call.id, disposition, notes, by.agent or by.actor, now))
        row = AuditRow(
            at=now, actor=by.actor, actor_role=by.role, action="call.wrapped_up", subject=f"call:{call.id}", call_id=call_id
        )
        await audit_trail.write(tx, row)
        if call.state == "ended" and not call.internal:
            await promise_anew(tx, desk.directory.now, call.id, known=(disposition, notes, now), now=now)
