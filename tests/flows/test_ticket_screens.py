"""Desks that show a ticket hear that it stands differently, over the channel they follow, and nobody else does."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.flows.door import KNOWN, Json, Screen, patiently
from tests.flows.sandbox import Sandbox
from tests.flows.test_tickets import Office, opened


@pytest.fixture
async def office(database_url: str, tmp_path: Path, sandbox: Sandbox) -> AsyncIterator[Office]:
    async with opened(database_url, tmp_path, sandbox) as office:
        yield office


async def on_card(office: Office, pop_id: str) -> list[Json]:
    answer = await office.house.client.get(f"/v1/pops/{pop_id}/tickets")
    assert answer.status_code == 200, answer.text
    items: list[Json] = answer.json()["items"]
    return items


async def answered(office: Office, screen: Screen, call_id: str) -> str:
    """Let a known customer ring and be answered; return the card's id once every system has answered."""
    await office.house.tell("ringing", call_id, agent=screen.agent)
    await office.house.tell("answered", call_id, agent=screen.agent)
    heard = await screen.until(lambda heard: heard.card["status"] == "complete")
    return str(heard.card["pop_id"])


def moves(screen: Screen, pop_id: str) -> int:
    return len(screen.of("ticket.moved", pop_id=pop_id))


async def test_a_ticket_of_the_call_is_followed_from_its_birth_to_its_end_elsewhere(office: Office) -> None:
    async with office.house.screen("1001") as screen, office.house.screen("1002") as beside:
        pop_id = await answered(office, screen, "c-screen")
        office.house.sandbox.turn("crm", throttle=1)  # It did nothing, for certain: after a 503 it would be searched twice first.
        born = await office.open(call_id="c-screen", source="call")
        await screen.until(lambda heard: bool(heard.of("ticket.moved", pop_id=pop_id)))
        await office.until(born["id"], lambda ticket: bool(ticket["sync"] == "waiting"), "the CRM is not waited for")
        told = moves(screen, pop_id)
        office.house.sandbox.turn("crm")
        await office.in_sync(born["id"])
        await screen.until(lambda heard: moves(heard, pop_id) > told)
        async for _ in patiently("the card never shows it in sync"):  # The CRM's own word of it is looked into once more.
            shown = [(one["number"], [link["state"] for link in one["links"]]) for one in await on_card(office, pop_id)]
            if shown == [(born["number"], ["in_sync", "in_sync"])]:
                break
        told = moves(screen, pop_id)
        await office.helpdesk.set(office.ids(await office.ticket(born["id"]))[0], state="9")
        await screen.until(lambda heard: moves(heard, pop_id) > told)
        closed = await office.until(born["id"], lambda ticket: bool(ticket["status"] == "closed"), "never closed")
        assert closed["status_by"] == "helpdesk"
        assert {event["ticket_id"] for event in screen.of("ticket.moved")} == {born["id"]}
        assert beside.of("ticket.moved") == []
    async with office.house.screen("1001") as anew:
        heard = await anew.until(lambda heard: bool(heard.cards))
        assert [card["match"]["state"] for card in heard.cards.values()] == ["known"], "a move is no state of a card"


async def test_a_ticket_of_another_day_is_followed_by_the_card_that_lists_its_copy(office: Office) -> None:
    older = await office.open(phone=KNOWN)
    await office.in_sync(older["id"])
    async with office.house.screen("1001") as screen:
        pop_id = await answered(office, screen, "c-lists")
        assert older["id"] in {one["id"] for one in await on_card(office, pop_id)}
        await office.change(older["id"], priority="urgent")
        await screen.until(lambda heard: bool(heard.of("ticket.moved", pop_id=pop_id)))
        assert {event["ticket_id"] for event in screen.of("ticket.moved")} == {older["id"]}
        await office.in_sync(older["id"])


async def test_a_card_that_is_nobodys_shows_no_tickets(office: Office) -> None:
    answer = await office.house.client.get("/v1/pops/p-nobodys/tickets")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
