"""Whoever is shown on a card is on record with who saw them, also when the card learns it after it was put on the screen."""

from typing import Any

from tests.flows.door import KNOWN, SHARED, json_of
from tests.flows.house import RunningHouse

ALL = ["crm", "erp", "helpdesk"]


async def entries(house: RunningHouse, call_id: str) -> list[dict[str, Any]]:
    """Return what is on record about a call, the oldest first."""
    return list(reversed(json_of(await house.client.get("/v1/audit", params={"call_id": call_id}))["items"]))


async def test_a_customer_who_is_found_after_the_card_was_shown_is_on_record(house: RunningHouse) -> None:
    house.sandbox.turn("crm", latency_ms=100)
    async with house.screen("1001") as screen:
        await house.tell("ringing", "c-cold", agent="1001", **{"from": KNOWN})
        await screen.until(lambda heard: heard.card["status"] == "complete")
        first, *_, last = (event for event in screen.events if event.kind != "resync")
    on_record = await entries(house, "c-cold")

    assert (first.content["customer"], last.kind) == (None, "pop.update")
    assert (on_record[0]["action"], on_record[0]["details"]["systems"]) == ("pop.shown", [])
    assert on_record[0]["subject"].startswith("phone#")
    assert {entry["action"] for entry in on_record[1:]} == {"pop.updated"}
    assert (on_record[-1]["subject"], on_record[-1]["details"]["systems"]) == (last.content["customer"]["ref"], ALL)
    assert {(entry["actor"], entry["pop_id"]) for entry in on_record} == {("agent:1001", last.content["pop_id"])}


async def test_a_card_that_shows_all_at_once_is_one_entry(house: RunningHouse) -> None:
    await house.pop(KNOWN, agent="1001", call_id="c-asked")
    async with house.screen("1001") as screen:
        await house.tell("ringing", "c-warm", agent="1001", **{"from": KNOWN})
        await screen.until(lambda heard: heard.card["status"] == "complete")
        card = screen.card

    (entry,) = await entries(house, "c-warm")
    assert (entry["action"], entry["subject"]) == ("pop.shown", card["customer"]["ref"])
    assert entry["details"]["systems"] == ALL


async def test_candidates_who_come_in_late_are_on_record(house: RunningHouse) -> None:
    async with house.screen("1001") as screen:
        await house.tell("ringing", "c-shared", agent="1001", **{"from": SHARED})
        await screen.until(lambda heard: heard.card["match"]["state"] == "maybe" and heard.card["status"] == "complete")
        card = screen.card
    *_, last = await entries(house, "c-shared")

    assert len(card["candidates"]) == 2
    assert last["details"]["candidates"] == [candidate["ref"] for candidate in card["candidates"]]
