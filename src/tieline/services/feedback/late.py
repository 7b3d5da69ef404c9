"""Link feedback to what became known after it was kept: a call told late, a ticket's copy, the customer behind a call.

Feedback that names a call nobody told of is kept as well. What had to wait for the link follows now: the ticket, the CRM.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from tieline.security.permissions import Caller
from tieline.services.feedback import intake
from tieline.services.feedback.linking import linked
from tieline.services.tickets.desk import TicketDesk
from tieline.store import feedback

LOOKED_FOR: Final = timedelta(days=30)
AT_ONCE: Final = 200
HOUSE: Final = Caller(actor="tieline", role="service", scopes=frozenset())


async def linkable(desk: TicketDesk, now: datetime) -> Sequence[UUID]:
    """Return what can be linked by now, the oldest first."""
    async with desk.database.read() as conn:
        return await feedback.linkable(conn, received_after=now - LOOKED_FOR, limit=AT_ONCE)


async def link(desk: TicketDesk, feedback_id: UUID) -> bool:
    """Link one; False: it is gone."""
    async with desk.database.begin() as tx:
        known = await feedback.lock(tx, feedback_id)
        if known is None:
            return False
        await feedback.save(tx, await linked(tx, known.feedback))
        await intake.follow(tx, desk, feedback_id, by=HOUSE)
    return True
