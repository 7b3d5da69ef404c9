"""From a ringing telephone to the agent's screen, with a real Tryton's parties and sales on the card."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest
from tests.flows.door import KNOWN, NOBODY, SHARED, Json, json_of
from tests.flows.house import RunningHouse, open_house
from tests.flows.sandbox import Sandbox
from tests.live.tryton_books import Books

pytestmark = pytest.mark.live

SET_UP: Final = """
version: 1
connections:
  erp:
    connector: tryton
    config: {{base_url: "{base_url}", database: "{database}"}}
    secrets: {{api_key: "plain:{api_key}"}}
sources: {{customer: [erp], order: [erp]}}
lines: {{"+861065543800": {{name: Support, country: CN, queues: [support]}}}}
agents: {{"1001": {{name: Li Wei, role: agent, extensions: ["1001"]}}}}
"""
SALES: Final = [
    ("WEB-1002", "draft", {"amount": "329.00", "currency": "CNY"}, "恒温电水壶"),
    ("1", "processing", {"amount": "2897.00", "currency": "CNY"}, "空气净化器 X3、HEPA 滤芯"),
]
"""What 张桂兰 has ordered, newest first; a sale has no number of its own before it is confirmed."""


def set_up(books: Books, *, api_key: str | None = None) -> str:
    return SET_UP.format(base_url=books.address.base_url, database=books.address.database, api_key=api_key or books.api_key)


def reach(books: Books) -> Sandbox:
    """Return what lets a house call this Tryton on loopback; nothing is simulated."""
    return Sandbox({}, {"erp": {"url": books.address.base_url}})


@pytest.fixture
async def house(tryton: Books, database_url: str, tmp_path: Path) -> AsyncIterator[RunningHouse]:
    """A house with one connection, to the real Tryton; it has asked once, for somebody else, so that both are awake."""
    async with open_house(database_url, tmp_path, reach(tryton), set_up=set_up(tryton), pop_deadline_ms=2000) as running:
        await running.pop(NOBODY)
        yield running


def sales(pop: Json) -> list[tuple[Any, ...]]:
    return [
        tuple(order[field] for field in ("number", "status", "total", "summary")) for order in pop["blocks"]["orders"]["items"]
    ]


def states(pop: Json) -> dict[str, tuple[str, str]]:
    return {name: (block["source"], block["state"]) for name, block in pop["blocks"].items()}


async def audit(house: RunningHouse, call_id: str) -> list[tuple[Any, ...]]:
    """Return what is on record about a call, the oldest first."""
    entries = json_of(await house.client.get("/v1/audit", params={"call_id": call_id}))["items"]
    return [
        (entry["action"], entry["actor"], entry["pop_id"], entry["subject"], entry["details"]["systems"])
        for entry in reversed(entries)
    ]


async def test_a_softphone_is_told_who_calls_and_what_they_ordered(house: RunningHouse, tryton: Books) -> None:
    pop = await house.pop(KNOWN, call_id="c-asked", agent="1001")
    party = f"erp:{tryton.parties['张桂兰']}"
    assert (pop["match"]["state"], pop["customer"]["ref"], pop["customer"]["name"]) == ("known", party, "张**")
    assert pop["customer"]["phones"] == ["+86 138****8000"]
    assert (pop["status"], states(pop)) == ("complete", {"profile": ("erp", "live"), "orders": ("erp", "live")})
    assert sales(pop) == SALES
    assert pop["blocks"]["orders"]["took_ms"] > 0
    assert [(action["id"], action["enabled"]) for action in pop["actions"] if action["id"] == "refund"] == [("refund", True)]


async def test_a_ring_puts_the_card_on_the_agents_screen(house: RunningHouse, tryton: Books) -> None:
    party = f"erp:{tryton.parties['张桂兰']}"
    async with house.screen("1001") as screen:
        told = await house.tell("ringing", "c-rang", agent="1001", **{"from": "13800138000"})
        await screen.until(lambda heard: states(heard.card)["orders"] == ("erp", "live"))
        shown = screen.of("pop.show")
        card = screen.card
    assert told == {"call_id": "c-rang", "accepted": True, "duplicate": False}
    assert [(one["call_id"], one["phone"]["e164"]) for one in shown] == [("c-rang", KNOWN)]
    assert (card["match"]["state"], card["customer"]["ref"], card["customer"]["name"]) == ("known", party, "张**")
    assert (card["status"], states(card)["profile"]) == ("complete", ("erp", "live"))
    assert sales(card) == SALES


async def test_the_trace_and_the_audit_tell_what_tryton_was_asked_for_whom(house: RunningHouse, tryton: Books) -> None:
    party = f"erp:{tryton.parties['张桂兰']}"
    async with house.screen("1001") as screen:
        await house.tell("ringing", "c-traced", agent="1001")
        await screen.until(lambda heard: heard.card["status"] == "complete")
        pop_id = screen.card["pop_id"]
    (traced,) = (await house.trace("c-traced"))["pops"]
    asked = [(source["source"], source["operation"], source["state"], source["records"]) for source in traced["sources"]]
    assert asked == [("erp", "customer.find", "live", 1), ("erp", "order.list", "live", 2)]
    assert all(source["took_ms"] > 0 for source in traced["sources"])
    assert (traced["pop_id"], traced["state"], traced["decided"]["ref"]) == (pop_id, "shown", party)
    *_, (_, actor, audited, subject, systems) = await audit(house, "c-traced")
    assert (actor, audited, subject, systems) == ("agent:1001", pop_id, party, ["erp"])


async def test_two_parties_with_one_number_are_a_question_and_their_sales_nobodys(house: RunningHouse, tryton: Books) -> None:
    pop = await house.pop(SHARED, call_id="c-shared", agent="1001")
    assert (pop["match"]["state"], pop["customer"]) == ("maybe", None)
    assert {one["ref"] for one in pop["candidates"]} == {f"erp:{tryton.parties[name]}" for name in ("王芳", "陈志强")}
    assert not any(block["items"] for block in pop["blocks"].values())


async def test_nobody_in_tryton_is_nobody(house: RunningHouse) -> None:
    pop = await house.pop(NOBODY, call_id="c-nobody", agent="1001")
    assert (pop["match"]["state"], pop["customer"], pop["candidates"]) == ("none", None, [])


async def test_a_key_that_was_withdrawn_costs_the_blocks_and_not_the_card(
    tryton: Books, database_url: str, tmp_path: Path
) -> None:
    async with open_house(database_url, tmp_path, reach(tryton), set_up=set_up(tryton, api_key="0" * 128)) as house:
        pop = await house.pop(KNOWN, call_id="c-withdrawn", agent="1001")
    assert (pop["phone"]["e164"], pop["customer"]) == (KNOWN, None)
    assert states(pop)["profile"] == ("erp", "unavailable")
    assert pop["blocks"]["profile"]["error"] == "upstream_credentials"
