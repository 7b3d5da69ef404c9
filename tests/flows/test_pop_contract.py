"""Section 3 of the public contract: the documented shapes, key by key, and what a softphone and an agent do with a card."""

import re
import socket
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pytest
from tests.flows.door import KNOWN, LINE, NOBODY, SHARED
from tests.flows.house import RunningHouse

from tieline.serving import _listen
from tieline.settings import Settings

DOCUMENTED: Final = frozenset(
    (
        *("pop_id", "call_id", "phone", "match", "status", "customer", "candidates", "blocks", "history", "hints", "actions"),
        *("took_ms", "trace"),
    )
)
ADDED: Final = frozenset(("more_candidates", "call", "line", "queue", "direction", "mode", "narrowed"))
SHAPES: Final = {
    "phone": {"e164", "national", "kind", "country", "withheld", "extension"},
    "match": {"state", "confidence", "reason", "rule", "identity_level"},
    "blocks.orders": {"state", "source", "as_of", "took_ms", "items", "error", "truncated", "pending"},
    "customer.links": {"system", "url"},
    "hints": {"kind", "text", "because"},
    "actions": {"id", "enabled", "because"},
    "history": {"kind", "at", "summary", "call_id", "agent", "outcome"},
    "candidates": {"ref", "name", "company", "kind", "confidence", "reason", "source", "last_contact_at"},
}
"""What stands at a path of the card; of a list, in each item."""


def at(document: Any, path: str) -> list[dict[str, Any]]:  # noqa: ANN401 - any JSON
    for step in path.split("."):
        document = document[step]
    return document if isinstance(document, list) else [document]


async def test_the_answer_to_a_softphone_has_the_documented_keys(house: RunningHouse) -> None:
    await house.tell("ringing", "c-41", agent="1002")
    pop = await house.pop(agent="1001", call_id="c-42")
    assert set(pop) == DOCUMENTED | ADDED
    for path in ("phone", "match", "blocks.orders", "customer.links", "hints", "actions", "history"):
        assert at(pop, path), path
        assert [set(one) for one in at(pop, path)] == [SHAPES[path]] * len(at(pop, path)), path


async def test_the_known_customer_of_the_demo(house: RunningHouse) -> None:
    pop = await house.pop(agent="1001", call_id="c-42")
    assert pop["phone"] == {
        "e164": KNOWN,
        "national": "138 0013 8000",
        "kind": "mobile",
        "country": "CN",
        "extension": None,
        "withheld": False,
    }
    assert (pop["match"]["state"], pop["match"]["confidence"], pop["match"]["reason"]) == (
        "known",
        0.95,
        "exact number, one person",
    )
    assert (pop["status"], pop["candidates"], pop["trace"]) == ("complete", [], "/v1/calls/c-42/trace")
    assert (pop["customer"]["name"], pop["customer"]["tier"]) == ("张**", "high_value")
    assert re.fullmatch(r"crm:LC-\d+", pop["customer"]["ref"])
    assert "老年用户" in pop["customer"]["tags"]
    assert {block["state"] for block in pop["blocks"].values()} == {"live"}
    assert {name: block["source"] for name, block in pop["blocks"].items()} == {
        "profile": "crm",
        "profile@erp": "erp",
        "orders": "erp",
        "tickets": "helpdesk",
        "account": "erp",
    }
    assert [item["number"] for item in pop["blocks"]["orders"]["items"]] == ["SO-20261001", "SO-20261002", "SO-20260877"]
    assert pop["blocks"]["tickets"]["items"][0]["number"] == "8841"


async def test_money_is_text_and_instants_carry_an_offset(house: RunningHouse) -> None:
    pop = await house.pop(agent="1001")
    order = pop["blocks"]["orders"]["items"][0]
    assert order["total"] == {"amount": "2897.00", "currency": "CNY"}
    for instant in (order["placed_at"], pop["blocks"]["orders"]["as_of"], pop["customer"]["registered_at"]):
        assert datetime.fromisoformat(instant).utcoffset() is not None


async def test_several_people_are_candidates_with_reasons_and_nobodys_data(house: RunningHouse) -> None:
    pop = await house.pop(SHARED, agent="1001")
    assert (pop["match"]["state"], pop["customer"], len(pop["candidates"])) == ("maybe", None, 2)
    assert [set(one) for one in pop["candidates"]] == [SHAPES["candidates"]] * 2
    assert [one["name"] for one in pop["candidates"]] == ["王*", "陈**"]
    assert {name: block["items"] for name, block in pop["blocks"].items() if block["items"]} == {}


async def test_nobody_knows_the_number(house: RunningHouse) -> None:
    pop = await house.pop(NOBODY, agent="1001")
    assert (pop["match"]["state"], pop["customer"], pop["candidates"], pop["status"]) == ("none", None, [], "complete")
    assert {action["id"] for action in pop["actions"]} >= {"search_link", "create_customer", "review_later"}


async def test_an_event_is_accepted_with_the_documented_reply(house: RunningHouse) -> None:
    event = {
        "event_id": "evt-1",
        "call_id": "c-42",
        "leg_id": "c-42.1",
        "type": "ringing",
        "direction": "inbound",
        "from": KNOWN,
        "to": LINE,
        "agent": "1001",
        "queue": "support",
        "at": house.clock().isoformat(),
        "data": {},
    }
    answers = [await house.client.post("/v1/call-events", json=event) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert [answer.json() for answer in answers] == [
        {"call_id": "c-42", "accepted": True, "duplicate": False},
        {"call_id": "c-42", "accepted": True, "duplicate": True},
    ]


async def test_the_events_reply_does_not_wait_for_any_look_up(house: RunningHouse) -> None:
    for system in ("crm", "erp", "helpdesk"):
        house.sandbox.turn(system, hang=True)
    async with house.screen("1001") as screen:
        await house.tell("ringing", "c-42", agent="1001")
        assert {block["pending"] for card in screen.cards.values() for block in card["blocks"].values()} <= {True}


async def test_the_pushed_card_is_the_same_document_with_a_count(house: RunningHouse) -> None:
    async with house.screen("1001") as screen:
        await house.tell("ringing", "c-42", agent="1001", queue="support")
        await screen.until(lambda heard: heard.card["status"] == "complete")
    assert set(screen.card) == DOCUMENTED | ADDED | {"seq", "at"}
    assert [card["seq"] for card in (*screen.of("pop.show"), *screen.of("pop.update"))] == list(range(1, len(screen.events)))
    assert (screen.card["mode"], screen.card["queue"], screen.card["call"]["state"]) == ("preview", "support", "ringing")


async def test_a_browser_is_sent_to_the_page_with_a_code_that_opens_it_once(house: RunningHouse) -> None:
    asked = {"phone": KNOWN, "agent": "1001", "line": LINE}
    sent = await house.client.get("/v1/screen-pop", params=asked, headers={"Accept": "text/html,application/xhtml+xml"})
    assert sent.status_code == 303
    found = re.fullmatch(r"/pop/([\w-]+)\?code=([\w-]+)", sent.headers["location"])
    assert found, sent.headers["location"]
    assert "138" not in sent.headers["location"].replace(found[1], "").replace(found[2], "")
    page = await house.client.get(sent.headers["location"])
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    opened = [await house.client.post(f"/v1/pops/{found[1]}/open", json={"code": found[2]}) for _ in range(2)]
    assert [answer.status_code for answer in opened] == [200, 410]
    assert opened[0].json()["pop"]["pop_id"] == found[1]
    assert opened[0].json()["pop"]["customer"]["name"] == "张**"
    assert opened[1].json()["code"] == "pop_code_gone"


async def test_a_code_opens_no_other_pop(house: RunningHouse) -> None:
    pages = []
    for phone in (KNOWN, NOBODY):
        answer = await house.client.get(
            "/v1/screen-pop", params={"phone": phone, "agent": "1001"}, headers={"Accept": "text/html"}
        )
        pages.append(re.fullmatch(r"/pop/([\w-]+)\?code=([\w-]+)", answer.headers["location"]))
    first, second = pages
    assert first
    assert second
    refused = await house.client.post(f"/v1/pops/{second[1]}/open", json={"code": first[2]})
    assert refused.status_code in {404, 410}
    assert (await house.client.post(f"/v1/pops/{first[1]}/open", json={"code": first[2]})).status_code == 200


async def test_the_choice_of_a_candidate_follows_on_the_stream(house: RunningHouse) -> None:
    async with house.screen("1001") as screen:
        await house.tell("ringing", "c-42", agent="1001", **{"from": SHARED})
        await screen.until(lambda heard: heard.card["status"] == "complete")
        card = screen.card
        assert (card["match"]["state"], len(card["candidates"])) == ("maybe", 2)
        second = card["candidates"][1]
        answer = await house.client.post(f"/v1/pops/{card['pop_id']}/choose", json={"ref": second["ref"]})
        assert answer.status_code == 204
        await screen.until(lambda heard: (heard.card["match"]["state"], heard.card["status"]) == ("known", "complete"))
    assert (screen.card["customer"]["ref"], screen.card["customer"]["name"]) == (second["ref"], second["name"])
    assert [item["number"] for item in screen.card["blocks"]["orders"]["items"]] == ["SO-20261011"]
    assert screen.card["match"]["identity_level"] == 1
    assert screen.of("pop.show") == screen.of("pop.show")[:1]


async def test_whoever_was_not_offered_cannot_be_chosen(house: RunningHouse) -> None:
    async with house.screen("1001") as screen:
        await house.tell("ringing", "c-42", agent="1001", **{"from": SHARED})
        await screen.until(lambda heard: heard.card["status"] == "complete")
        answer = await house.client.post(f"/v1/pops/{screen.card['pop_id']}/choose", json={"ref": "crm:LC-1"})
    assert (answer.status_code, answer.json()["code"]) == (422, "candidate_unknown")


async def test_the_acknowledgement_stands_in_the_trace(house: RunningHouse) -> None:
    async with house.screen("1001") as screen:
        await house.tell("ringing", "c-42", agent="1001")
        await screen.until(lambda heard: heard.cards)
        (pop_id,) = screen.cards
        answer = await house.client.post(f"/v1/agents/1001/pops/{pop_id}/ack")
    assert answer.status_code == 204
    (pop,) = (await house.trace("c-42"))["pops"]
    assert (pop["pop_id"], pop["state"]) == (pop_id, "shown")
    assert pop["acked_at"] >= pop["shown_at"] >= pop["promised_at"]


async def test_a_call_nobody_told_of_has_no_trace(house: RunningHouse) -> None:
    assert (await house.client.get("/v1/calls/never/trace")).status_code == 404


@pytest.mark.parametrize("accept", ["application/json", "*/*", "application/json, text/html"])
async def test_json_is_what_everybody_else_gets(house: RunningHouse, accept: str) -> None:
    answer = await house.client.get("/v1/screen-pop", params={"phone": KNOWN}, headers={"Accept": accept})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")


def test_no_answer_waits_for_the_acknowledgement_of_its_own_head(tmp_path: Path) -> None:
    """With Nagle's algorithm on, head and body of a small answer are 40 ms apart on every kept connection."""
    with _listen(Settings(data_dir=tmp_path, port=0)) as listener:
        assert listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
