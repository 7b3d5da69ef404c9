"""Several people, one number: a question until somebody is chosen, and afterwards nothing that is another's."""

from typing import Any

from tests.flows.door import DORMITORY, SHARED, Json, Screen
from tests.flows.house import RunningHouse


async def ring(house: RunningHouse, screen: Screen, call_id: str, number: str) -> Json:
    """Let a number ring at the screen's agent and return the card once everything is there."""
    await house.tell("ringing", call_id, agent=screen.agent, **{"from": number})
    await screen.until(lambda heard: card_of(heard, call_id)["status"] == "complete")
    return card_of(screen, call_id)


def card_of(screen: Screen, call_id: str) -> Json:
    (card,) = (card for card in screen.cards.values() if card["call_id"] == call_id)
    return card


async def choose(house: RunningHouse, screen: Screen, card: Json, name: str, **more: Any) -> Json:  # noqa: ANN401 - of a choice
    """Choose a candidate by the name shown, and return the card once everything about them is there."""
    (ref,) = (one["ref"] for one in card["candidates"] if one["name"] == name)
    answer = await house.client.post(f"/v1/pops/{card['pop_id']}/choose", json={"ref": ref, **more})
    assert answer.status_code == 204, answer.text
    call_id = card["call_id"]
    await screen.until(lambda heard: chosen(card_of(heard, call_id)) and card_of(heard, call_id)["status"] == "complete")
    return card_of(screen, call_id)


def chosen(card: Json) -> bool:
    return card["customer"] is not None


def numbers(card: Json, block: str) -> list[str]:
    return [item["number"] for item in card["blocks"][block]["items"]]


async def test_eight_people_on_one_number_are_five_candidates_and_three_more(house: RunningHouse) -> None:
    pop = await house.pop(DORMITORY, agent="1001")
    assert (pop["match"]["state"], pop["match"]["reason"]) == ("maybe", "8 people share this number")
    assert (len(pop["candidates"]), pop["more_candidates"], pop["customer"]) == (5, 3, None)
    assert len({one["ref"] for one in pop["candidates"]}) == 5
    assert all(one["reason"] for one in pop["candidates"])
    assert all("*" in one["name"] for one in pop["candidates"])
    assert {block: found["items"] for block, found in pop["blocks"].items() if found["items"]} == {}


async def test_the_order_of_candidates_stays_when_asked_again(house: RunningHouse) -> None:
    asked = [await house.pop(DORMITORY, agent="1001") for _ in range(3)]
    orders = [[one["ref"] for one in pop["candidates"]] for pop in asked]
    assert orders == [orders[0]] * 3


async def test_nothing_of_anybody_is_on_the_screen_at_any_moment_before_the_choice(house: RunningHouse) -> None:
    """Orders are found by the number, and faster than the CRM that knows of two people."""
    house.sandbox.turn("crm", latency_ms=300)
    async with house.screen("1001") as screen:
        await ring(house, screen, "c-42", SHARED)
    shown = [event.content for event in screen.events if event.kind in {"pop.show", "pop.update"}]
    assert len(shown) > 1
    assert [(card["customer"], block["items"]) for card in shown for block in card["blocks"].values() if block["items"]] == []


async def test_whoever_is_chosen_is_shown_with_their_own_things_alone(house: RunningHouse) -> None:
    async with house.screen("1001") as screen:
        wang = await choose(house, screen, await ring(house, screen, "c-1", SHARED), "王*")
        assert (numbers(wang, "orders"), numbers(wang, "tickets")) == (["SO-20261010"], ["8850"])
        chen = await choose(house, screen, await ring(house, screen, "c-2", SHARED), "陈**")
        assert (numbers(chen, "orders"), numbers(chen, "tickets")) == (["SO-20261011"], [])


async def test_a_shared_number_proves_nobodys_identity(house: RunningHouse) -> None:
    async with house.screen("1001") as screen:
        card = await choose(house, screen, await ring(house, screen, "c-1", SHARED), "王*")
    assert card["match"]["identity_level"] == 1
    locked = {action["id"]: action["because"] for action in card["actions"] if not action["enabled"]}
    assert locked.keys() >= {"refund", "change_address", "change_contact"}


async def test_the_choice_travels_with_the_call_to_the_next_agent(house: RunningHouse) -> None:
    async with house.screen("1001") as first, house.screen("2001") as second:
        card = await choose(house, first, await ring(house, first, "c-1", SHARED), "王*")
        await house.tell("answered", "c-1", agent="1001", **{"from": SHARED})
        await house.tell("transferred", "c-1", agent="1001", target="2001", **{"from": SHARED})
        moved = await ring(house, second, "c-1", SHARED)
    assert (moved["customer"]["ref"], moved["match"]["rule"]) == (card["customer"]["ref"], "choice")
    assert moved["call"]["transferred_from"] == "1001"
    assert first.of("pop.withdraw")[-1]["reason"] == "transferred"


async def test_a_remembered_choice_opens_the_next_call(house: RunningHouse) -> None:
    async with house.screen("1001") as screen:
        card = await choose(house, screen, await ring(house, screen, "c-1", SHARED), "王*", remember=True)
        again = await ring(house, screen, "c-2", SHARED)
    assert (again["match"]["state"], again["match"]["rule"]) == ("known", "remembered")
    assert again["customer"]["ref"] == card["customer"]["ref"]
    assert [one["name"] for one in again["candidates"]] == ["陈**"]
    assert numbers(again, "orders") == ["SO-20261010"]


async def test_two_people_chosen_on_one_number_mark_it_as_shared(house: RunningHouse) -> None:
    async with house.screen("1001") as screen:
        await choose(house, screen, await ring(house, screen, "c-1", SHARED), "王*")
        await choose(house, screen, await ring(house, screen, "c-2", SHARED), "陈**")
    assert await house.rows("SELECT e164, mark FROM number_marks") == [(SHARED, "shared")]


async def test_a_call_on_which_nobody_was_chosen_becomes_a_question_for_a_reviewer(house: RunningHouse) -> None:
    async with house.screen("1001") as screen:
        await ring(house, screen, "c-1", SHARED)
    await house.tell("answered", "c-1", agent="1001", **{"from": SHARED})
    await house.tell("ended", "c-1", outcome="served", **{"from": SHARED})
    await house.settle()
    assert await house.rows("SELECT kind, subject_key, count FROM review_items") == [("unchosen_caller", SHARED, 1)]
    assert await house.rows("SELECT customer_ref FROM interactions") == [(None,)]
