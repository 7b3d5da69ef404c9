"""Our own copy, told of by its system at the moment its id reaches us, never becomes a second ticket."""

from collections.abc import Coroutine
from dataclasses import replace
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from tests.waiting import held_up

from tieline.domain.errors import ParentMissing
from tieline.domain.event import Event, EventKind
from tieline.domain.ticket_hub import HubTicket
from tieline.domain.ticket_link import Agreed, LinkState
from tieline.kit.clock import utc_now
from tieline.kit.ids import time_ordered_id
from tieline.services.directory import Directory
from tieline.services.tickets.desk import TicketDesk
from tieline.services.tickets.news import TicketNews
from tieline.services.tickets.telling import create_key
from tieline.services.webhooks.news import News
from tieline.store import ticket_links, tickets
from tieline.store.database import Database, Transaction

THERE = "20614"
AGREED = LinkState({"status": Agreed("new", "1")})


def desk_of(database: Database) -> TicketDesk:
    directory = Directory(policies={"tickets": {"systems": ["helpdesk"]}})
    return TicketDesk(database, SimpleNamespace(now=directory), utc_now)


def told(kind: EventKind, there: str = THERE, **canonical: str) -> News:
    return News(
        connection="helpdesk",
        event=Event(kind=kind, external_id=there),
        canonical={"subject": "净化器异响", **canonical},
        status="new",
        before="",
        told_by="webhook",
        at=utc_now(),
    )


async def ours(database: Database, *, named: str | None) -> UUID:
    """A ticket of ours whose copy in the helpdesk has this id, or none yet."""
    now = utc_now()
    async with database.begin() as tx:
        ticket = HubTicket(
            id=UUID(time_ordered_id(now)),
            number=await tickets.next_number(tx),
            subject="净化器异响",
            source="agent",
            created_by="agent:1001",
            created_at=now,
            updated_at=now,
        )
        await tickets.add(tx, ticket)
        await ticket_links.add(tx, ticket.id, "helpdesk", external_id=named, now=now)
    return ticket.id


async def take(database: Database, news: News) -> None:
    async with database.begin() as tx:
        await TicketNews(desk_of(database))(tx, news)


async def while_its_delivery_ends(database: Database, ticket_id: UUID, telling: Coroutine[Any, Any, None]) -> None:
    """Let news be taken that wait for the very transaction in which the copy's delivery agrees on what it told."""
    async with database.begin() as tx:
        await tickets.lock(tx, ticket_id)
        link = await ticket_links.hold(tx, ticket_id, "helpdesk")
        assert link is not None
        await ticket_links.save(tx, replace(link, external_id=THERE, state=AGREED))
        async with held_up(database, telling) as news:
            await tx.commit()
            await news


async def kept(database: Database, ticket_id: UUID) -> tuple[LinkState, str | None]:
    async with database.read() as conn:
        link = await ticket_links.find(conn, ticket_id, "helpdesk")
    assert link is not None
    return link.state, link.fault


async def all_of(database: Database) -> int:
    async with database.read() as conn:
        return len(await tickets.numbered_after(conn, 0, limit=10))


async def test_a_copy_named_between_two_questions_is_waited_for(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    ticket_id = await ours(database, named=None)
    asked = ticket_links.ticket_of

    async def asked_a_moment_too_early(tx: Transaction, connection: str, external_id: str) -> UUID | None:
        found = await asked(tx, connection, external_id)
        async with database.pool.connection() as other:  # its delivery ends at this very moment
            await other.execute(b"UPDATE ticket_links SET external_id = %s WHERE ticket_id = %s", (external_id, ticket_id))
        return found

    monkeypatch.setattr(ticket_links, "ticket_of", asked_a_moment_too_early)
    with pytest.raises(ParentMissing):
        await take(database, told("ticket.created"))
    assert await all_of(database) == 1


async def test_a_copy_that_became_ours_meanwhile_is_not_adopted(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    await ours(database, named=THERE)

    async def not_seen(*_given: Any) -> None:  # noqa: ANN401 - whatever it is asked
        return None

    monkeypatch.setattr(ticket_links, "ticket_of", not_seen)
    with pytest.raises(ParentMissing):
        await take(database, told("ticket.created"))
    assert await all_of(database) == 1


async def test_a_ticket_of_theirs_becomes_ours_while_no_copy_is_being_made(database: Database) -> None:
    await ours(database, named=THERE)
    await take(database, told("ticket.created", "20999"))
    assert await all_of(database) == 2


async def test_news_of_a_copy_being_made_forget_nothing_its_delivery_agrees_on(database: Database) -> None:
    """Else their first status would pass for a change of theirs, and take back what was done here since."""
    ticket_id = await ours(database, named=None)
    news = told("ticket.created", external_id=create_key(ticket_id, "helpdesk"))
    await while_its_delivery_ends(database, ticket_id, take(database, news))
    assert await kept(database, ticket_id) == (AGREED, None)


async def test_news_of_a_copy_that_is_gone_forget_nothing_its_delivery_agrees_on(database: Database) -> None:
    ticket_id = await ours(database, named=THERE)
    await while_its_delivery_ends(database, ticket_id, take(database, told("ticket.deleted")))
    assert await kept(database, ticket_id) == (AGREED, "deleted_there")
