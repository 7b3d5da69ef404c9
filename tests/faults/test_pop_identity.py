"""What is remembered and what is answered never replace one another silently, and nothing is written while looking."""

from datetime import timedelta

from tests.flows.door import DORMITORY, KNOWN, NOBODY, REGULAR, SHARED
from tests.flows.house import RunningHouse

from tieline.domain.pop_query import PopQuery
from tieline.sandbox.lotus_records import contact_id
from tieline.services.screen_pop import Asker, look_up
from tieline.store import identity
from tieline.store.identity import IdentityKey

SOMEBODY_ELSE = f"crm:{contact_id(9)}"


async def remember_wrongly(house: RunningHouse) -> None:
    """Let the index hold, from a while ago, that the regular customer's number is somebody else's."""
    key = IdentityKey(
        REGULAR, "crm", SOMEBODY_ELSE.partition(":")[2], seen_at=house.clock() - timedelta(days=30), display_name="高淑芬"
    )
    async with house.database.pool.connection() as connection:
        await identity.upsert(connection, [key])


async def test_live_answers_that_name_another_person_make_it_a_question_with_both(house: RunningHouse) -> None:
    await remember_wrongly(house)
    house.sandbox.turn("crm", latency_ms=100)
    house.sandbox.turn("erp", latency_ms=100)
    async with house.screen("1001") as screen:
        await house.tell("ringing", "c-1", agent="1001", **{"from": REGULAR})
        await screen.until(lambda heard: heard.card["status"] == "complete")
    (shell,) = screen.of("pop.show")
    assert (shell["match"]["state"], shell["customer"]["ref"]) == ("known", SOMEBODY_ELSE)
    assert (screen.card["match"]["state"], screen.card["match"]["rule"]) == ("maybe", "contradiction")
    assert screen.card["customer"] is None
    assert {one["name"] for one in screen.card["candidates"]} == {"高**", "李*"}
    known = {card["customer"]["ref"] for card in screen.of("pop.update") if card["match"]["state"] == "known"}
    assert known <= {SOMEBODY_ELSE}, "nobody was swapped in silently"


async def test_a_question_between_two_shows_neithers_things(house: RunningHouse) -> None:
    await remember_wrongly(house)
    pop = await house.pop(REGULAR, agent="1001")
    assert (pop["match"]["state"], [block["items"] for block in pop["blocks"].values() if block["items"]]) == ("maybe", [])


async def test_a_system_that_no_longer_knows_the_person_makes_it_a_question(house: RunningHouse) -> None:
    key = IdentityKey(NOBODY, "crm", contact_id(3), seen_at=house.clock() - timedelta(days=30), display_name="李娜")
    async with house.database.pool.connection() as connection:
        await identity.upsert(connection, [key])
    pop = await house.pop(NOBODY, agent="1001")
    assert (pop["match"]["state"], pop["match"]["rule"], pop["customer"]) == ("maybe", "not_confirmed", None)


async def test_what_a_reviewer_linked_holds_at_the_very_next_ring(house: RunningHouse) -> None:
    """The CRM's own search may lag for minutes behind what was linked; our index does not."""
    await unknown_call(house, "c-1")
    (item,) = (await house.client.get("/v1/reviews")).json()["items"]
    ref = f"crm:{contact_id(3)}"
    answer = await house.client.post(f"/v1/reviews/{item['id']}/link", json={"ref": ref})
    assert answer.status_code == 200, answer.text
    async with house.screen("1001") as screen:
        await house.tell("ringing", "c-2", agent="1001", **{"from": NOBODY})
        await screen.until(lambda heard: heard.told_of("c-2")[-1]["status"] == "complete")
    told = screen.told_of("c-2")
    assert {(card["match"]["state"], card["customer"]["ref"]) for card in told} == {("known", ref)}
    assert told[-1]["customer"]["name"] == "李*"
    assert house.sandbox.writes == {}


async def unknown_call(house: RunningHouse, call_id: str, number: str = NOBODY) -> None:
    """Let somebody nobody knows ring, be answered and hang up."""
    async with house.screen("1001") as screen:
        await house.tell("ringing", call_id, agent="1001", **{"from": number})
        await screen.until(lambda heard: heard.card["status"] == "complete")
        await house.tell("answered", call_id, agent="1001", **{"from": number})
        await house.tell("ended", call_id, outcome="served", **{"from": number})
    await house.settle()


async def test_looking_changes_nothing_anywhere(house: RunningHouse) -> None:
    for number in (KNOWN, SHARED, DORMITORY, REGULAR, NOBODY, "anonymous"):
        await house.pop(number, agent="1001")
        await house.pop(number)
    assert house.sandbox.writes == {}
    for table in ("interactions", "review_items", "number_marks", "number_choices", "agent_events", "inbox"):
        assert await house.rows(f"SELECT count(*) FROM {table}") == [(0,)], table  # noqa: S608 - a name from above


async def test_a_thousand_unknown_callers_write_nothing_and_are_one_question_each(house: RunningHouse) -> None:
    numbers = [f"+8613700000{number:03}" for number in range(20)]
    asker = Asker("key:softphone", "integrator")
    for again in range(50):
        for number in numbers:
            pop = await look_up(house.house.desk, PopQuery(phone=number, call_id=f"c-{number}-{again}"), asker=asker)
            assert (pop["match"]["state"], pop["customer"]) == ("none", None)
    for again in range(2):
        for number in numbers:
            await house.tell("answered", f"c-{number}-{again}", agent="1001", **{"from": number})
            await house.tell("ended", f"c-{number}-{again}", outcome="served", **{"from": number})
    await house.settle()
    assert house.sandbox.writes == {}
    assert await house.rows("SELECT count(*) FROM identity_keys") == [(0,)]
    items = await house.rows("SELECT kind, count, count(*) FROM review_items GROUP BY kind, count")
    assert items == [("unknown_caller", 2, len(numbers))]
