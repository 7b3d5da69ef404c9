"""Give an empty house a past, so that its reports have something to tell."""

from collections.abc import Mapping

from tieline.services.reports.counting import count_due
from tieline.services.tickets.desk import TicketDesk
from tieline.store import backfill
from tieline.store.backfill import Rows


async def give_a_past(desk: TicketDesk, past: Mapping[str, Rows]) -> bool:
    """Put rows in by table, in one transaction, and count it; False: there is a past already, and nothing was added."""
    async with desk.database.begin() as tx:
        if await backfill.has_a_past(tx):
            return False
        await backfill.put_in(tx, past)
    await count_due(desk, now=desk.clock())
    return True
