"""What an agent answers to a card, through the door and on a real database."""

import asyncio
from typing import Any

import pytest
from tests.api.front_door import FrontDoor, rows
from tests.api.test_calls import report

from tieline.push.channel import Delivery


async def shown(door: FrontDoor, call_id: str, *, agent: str = "1001", **changes: Any) -> str:  # noqa: ANN401 - fields of a call event
    """Ring an agent and return the pop's id once it is on the screen."""
    screen = door.house.channel.subscribe(agent)
    await report(door, call_id=call_id, agent=agent, **changes)
    async with asyncio.timeout(30):
        async for delivery in screen:
            if delivery.kind == "pop.show" and f'"call_id": "{call_id}"' in delivery.data:
                await screen.aclose()
                return pop_id_in(delivery)
    pytest.fail("no pop came")


def pop_id_in(delivery: Delivery) -> str:
    return delivery.data.partition('"pop_id": "')[2].partition('"')[0]


async def test_a_pop_is_acknowledged_by_its_own_agent_only(door: FrontDoor) -> None:
    pop_id = await shown(door, "c-ack")
    path = f"/v1/agents/1001/pops/{pop_id}/ack"
    assert (await door.ask("POST", path, headers=await door.session("1001"))).status_code == 204
    assert (await door.ask("POST", path, headers=await door.session("1001"))).status_code == 204
    assert (await door.ask("POST", path, headers=await door.session("1002"))).status_code == 403
    mine = f"/v1/agents/1002/pops/{pop_id}/ack"
    assert (await door.ask("POST", mine, headers=await door.session("1002"))).status_code == 404


@pytest.mark.parametrize("verdict", ["review_later", "wrong_number", "spam"])
async def test_an_unknown_caller_is_left_to_a_reviewer_with_the_agents_word(door: FrontDoor, verdict: str) -> None:
    number = {"review_later": "+8613922220011", "wrong_number": "+8613922220012", "spam": "+8613922220013"}[verdict]
    pop_id = await shown(door, f"c-{verdict}", **{"from": number})
    session = await door.session("1001")
    for _ in range(2):
        answer = await door.ask("POST", f"/v1/pops/{pop_id}/review", json={"verdict": verdict}, headers=session)
        assert answer.status_code == 204, answer.text
    listed = await door.ask("GET", "/v1/reviews?kind=unknown_caller", headers=await door.signed("reviews.read"))
    (item,) = [one for one in listed.json()["items"] if one["call_ids"] == [f"c-{verdict}"]]
    assert (item["state"], item["count"]) == ("open", 1)
    assert item["suggestions"] == [{"verdict": verdict, "by": "agent:1001"}]
    assert number not in listed.text


async def test_nothing_is_left_to_a_reviewer_of_a_caller_who_hides_the_number(door: FrontDoor) -> None:
    pop_id = await shown(door, "c-hidden", **{"from": "anonymous"})
    answer = await door.ask("POST", f"/v1/pops/{pop_id}/review", json={"verdict": "spam"}, headers=await door.session("1001"))
    assert (answer.status_code, answer.json()["code"]) == (409, "nothing_to_review")


async def link(door: FrontDoor, pop_id: str, ref: str, *, agent: str = "senior") -> tuple[int, str | None]:
    answer = await door.ask("POST", f"/v1/pops/{pop_id}/link", json={"ref": ref}, headers=await door.session(agent))
    return answer.status_code, answer.json()["code"] if answer.content else None


async def test_who_may_review_says_on_the_card_whose_number_it_is(door: FrontDoor) -> None:
    number = "+8613922220021"
    await shown(door, "c-link-before", **{"from": number})
    pop_id = await shown(door, "c-link", agent="senior", **{"from": number})
    screen = door.house.channel.subscribe("senior")
    async with asyncio.timeout(30):
        while (await anext(screen)).kind != "resync":
            pass
        assert await link(door, pop_id, "pbx:cust-21") == (204, None)
        update = await anext(screen)
    await screen.aclose()
    assert (update.kind, pop_id_in(update)) == ("pop.update", pop_id)
    known = await rows(door, "SELECT connection, external_id, verified, label FROM identity_keys WHERE e164 = %s", number)
    assert known == [("pbx", "cust-21", False, "linked")]
    theirs = "SELECT customer_ref, chosen_by FROM interactions WHERE customer_e164 = %s"
    assert await rows(door, theirs, number) == [("pbx:cust-21", "agent:senior")] * 2
    decided = "SELECT kind, state, decided_by, decision->>'ref' FROM review_items WHERE subject_key = %s"
    assert await rows(door, decided, number) == [("unknown_caller", "linked", "agent:senior", "pbx:cust-21")]
    assert await link(door, pop_id, "pbx:cust-22") == (409, "nothing_to_review"), "once is enough; a reviewer may take it back"
    assert await rows(door, theirs, number) == [("pbx:cust-21", "agent:senior")] * 2


async def test_a_link_that_is_refused_leaves_nothing(door: FrontDoor) -> None:
    number = "+8613922220022"
    pop_id = await shown(door, "c-link-refused", **{"from": number})
    assert await link(door, pop_id, "pbx:cust-1", agent="1001") == (403, "forbidden"), "it asks for a reviewer"
    assert await link(door, pop_id, "pbx:cust-1") == (403, "forbidden"), "it is not their card"
    assert await link(door, pop_id, "crm:cust-1", agent="supervisor") == (422, "connection_unknown")
    assert await link(door, pop_id, "pbx cust-1", agent="supervisor") == (422, "field_value")
    assert await rows(door, "SELECT customer_ref FROM interactions WHERE customer_e164 = %s", number) == [(None,)]
    assert await rows(door, "SELECT state FROM review_items WHERE subject_key = %s", number) == []


async def test_a_hidden_number_can_be_kept_with_nobody(door: FrontDoor) -> None:
    pop_id = await shown(door, "c-link-hidden", agent="senior", **{"from": "anonymous"})
    assert await link(door, pop_id, "pbx:cust-1") == (409, "nothing_to_review")


async def test_asking_again_brings_the_card_anew(door: FrontDoor) -> None:
    pop_id = await shown(door, "c-again")
    screen = door.house.channel.subscribe("1001")
    async with asyncio.timeout(30):
        while (await anext(screen)).kind != "resync":
            pass
        answer = await door.ask("POST", f"/v1/pops/{pop_id}/ask-again", headers=await door.session("1001"))
        assert answer.status_code == 204, answer.text
        update = await anext(screen)
    await screen.aclose()
    assert (update.kind, pop_id_in(update)) == ("pop.update", pop_id)


@pytest.mark.parametrize("path", ["ask-again", "review", "choose"])
async def test_another_agents_card_is_out_of_reach(door: FrontDoor, path: str) -> None:
    pop_id = await shown(door, f"c-foreign-{path}")
    body = {"review": {"verdict": "spam"}, "choose": {"ref": "crm:1"}}.get(path)
    answer = await door.ask("POST", f"/v1/pops/{pop_id}/{path}", json=body, headers=await door.session("1002"))
    assert answer.status_code == 403


async def test_a_card_that_is_not_there_is_linked_to_nobody(door: FrontDoor) -> None:
    assert await link(door, "none", "pbx:cust-1") == (404, "not_found")


@pytest.mark.parametrize("path", ["ask-again", "review", "choose"])
async def test_a_card_that_is_not_there_is_not_found(door: FrontDoor, path: str) -> None:
    body = {"review": {"verdict": "spam"}, "choose": {"ref": "crm:1"}}.get(path)
    answer = await door.ask("POST", f"/v1/pops/none/{path}", json=body, headers=await door.session("1001"))
    assert answer.status_code == 404
