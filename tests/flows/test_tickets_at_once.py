"""A ticket that somebody else has in hand at the very moment it is to be gone on with."""

from types import SimpleNamespace
from typing import Any
from uuid import UUID

from sqlalchemy import update
from tests.waiting import held_up

from tieline.kit.clock import utc_now
from tieline.security.permissions import Caller
from tieline.services.directory import Directory
from tieline.services.tickets.desk import TicketDesk
from tieline.services.tickets.opening import Opened, Wish, open_ticket
from tieline.store import ticket_history, tickets
from tieline.store.database import Database
from tieline.store.tables_tickets import tickets as table

AGENT = Caller(actor="agent:1001", role="agent", scopes=frozenset(), agent="1001")


async def opened(database: Database, subject: str, **fields: Any) -> Opened:  # noqa: ANN401 - of a wish
    desk = TicketDesk(database, SimpleNamespace(now=Directory()), utc_now)
    async with database.begin() as tx:
        return await open_ticket(tx, desk, Wish(subject=subject, phone="+8613800138000", **fields), by=AGENT, now=utc_now())


async def comments_of(database: Database, ticket_id: UUID) -> list[str]:
    async with database.read() as conn:
        return [one.text for one in await ticket_history.comments(conn, ticket_id)]


async def test_who_calls_again_as_their_ticket_is_closed_gets_a_new_one(database: Database) -> None:
    first = (await opened(database, "no hot water")).ticket
    async with database.begin() as tx:
        await tickets.lock(tx, first.id)
        await tx.execute(update(table).where(table.c.id == first.id).values(status="closed"))
        async with held_up(database, opened(database, "still no hot water")) as again:
            await tx.commit()
            second = await again
    assert (second.reused, second.ticket.id != first.id) == (False, True)
    assert await comments_of(database, first.id) == []


async def test_who_calls_again_while_their_ticket_is_worked_on_goes_on_with_it(database: Database) -> None:
    first = (await opened(database, "no hot water")).ticket
    async with database.begin() as tx:
        await tickets.lock(tx, first.id)
        async with held_up(database, opened(database, "still no hot water")) as again:
            await tx.commit()
            assert (await again).reused
    assert await comments_of(database, first.id) == ["still no hot water"]
