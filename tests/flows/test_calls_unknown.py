"""Unknown callers, extensions nobody sits at, calls everybody missed: questions for a person, one per subject."""

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any

import pytest
from tests.flows.call_centre import CallCentre
from tests.flows.exchange import CALLER, Exchange, second, simple_call
from tests.waiting import held_up

from tieline.domain.call import CallEvent
from tieline.domain.references import ExternalRef
from tieline.security.permissions import Caller
from tieline.services import reviews as decisions
from tieline.store import calls, driver_rows, number_marks, pops

OPEN = "SELECT kind, subject_key, count, cardinality(call_ids) FROM review_items WHERE state = 'open' ORDER BY 1, 2"


async def served(centre: CallCentre, call: Exchange, *, match: str, began: float = 0) -> None:
    """Let a call be taken, its card show what was found, and the call be settled."""
    ring, answer, end = simple_call(call, at=began)
    await centre.hear(ring)
    await centre.serve(match=match, now=ring.at)
    await centre.hear_all([answer, end])
    await centre.serve(match=match, now=end.at)
    await centre.settle(end.at + timedelta(seconds=6))


async def test_an_unknown_caller_leaves_one_question_per_number(centre: CallCentre) -> None:
    for place in range(3):
        await served(centre, Exchange(f"c-{place}"), match="none", began=60 * place)
    assert await centre.rows(OPEN) == [("unknown_caller", CALLER, 3, 3)]
    due, expires, first, last = await centre.one("SELECT due_at, expires_at, first_at, last_at FROM review_items")
    assert (first, last) == (second(0), second(120))
    assert (due, expires) == (second(39) + timedelta(days=1), second(159) + timedelta(days=30))


async def test_settling_the_same_call_twice_asks_once(centre: CallCentre) -> None:
    await served(centre, Exchange(), match="none")
    await centre.hear(Exchange().tell("ended", 33, outcome="failed", recording_ref="rec/1.wav"), at=second(100))
    await centre.settle(second(110))
    assert await centre.rows(OPEN) == [("unknown_caller", CALLER, 1, 1)]


@pytest.mark.parametrize("caller", ["anonymous", "", "+266696687", "1002"])
async def test_withheld_and_internal_callers_leave_no_question(centre: CallCentre, caller: str) -> None:
    await served(centre, Exchange(caller=caller), match="none")
    assert await centre.rows(OPEN) == []


async def test_a_known_caller_leaves_no_question(centre: CallCentre) -> None:
    await served(centre, Exchange(), match="known")
    assert await centre.rows(OPEN) == []


async def test_several_candidates_and_no_choice_go_to_review_instead_of_to_the_first(centre: CallCentre) -> None:
    await served(centre, Exchange(), match="maybe")
    assert await centre.rows(OPEN) == [("unchosen_caller", CALLER, 1, 1)]
    assert await centre.one("SELECT customer_ref FROM interactions") == (None,)


async def test_a_caller_the_agent_chose_leaves_no_question(centre: CallCentre) -> None:
    ring, answer, end = simple_call()
    await centre.hear(ring)
    await centre.serve(match="maybe")
    async with centre.database.begin() as tx:
        (interaction_id,) = await calls.find(tx, "pbx", ["c-42"])
        assert await calls.choose_customer(tx, interaction_id, "crm:7", chosen_by="1001", identity_level=1)
    await centre.hear_all([answer, end])
    await centre.settle(second(60))
    assert await centre.rows(OPEN) == []
    assert await centre.one("SELECT customer_ref, chosen_by FROM interactions") == ("crm:7", "1001")


async def test_a_number_marked_as_spam_leaves_no_question(centre: CallCentre) -> None:
    async with centre.database.begin() as tx:
        await number_marks.put_mark(tx, CALLER, "spam", by="1001", now=second(0))
    await served(centre, Exchange(), match="none")
    assert await centre.rows(OPEN) == []


async def test_a_call_nobody_took_leaves_no_question_about_the_caller(centre: CallCentre) -> None:
    call = Exchange()
    await centre.hear(call.tell("ringing", 0, agent="1001"))
    await centre.serve(match="none")
    await centre.hear(call.tell("ended", 30))
    await centre.settle(second(60))
    assert (await centre.rows(OPEN), await centre.one("SELECT outcome FROM interactions")) == ([], ("missed_agent",))


async def test_two_hundred_unknown_calls_from_seven_numbers_leave_seven_questions(centre: CallCentre) -> None:
    numbers = [f"+861390000{place:04}" for place in range(7)]
    servers = [CallCentre(centre.database) for _ in range(4)]
    calls_made = [Exchange(f"c-{place}", caller=numbers[place % 7]) for place in range(200)]
    told = [(call.tell("answered", 30 * n, agent="1001"), call.tell("ended", 30 * n + 20)) for n, call in enumerate(calls_made)]
    await told_at_once(servers, told)
    async with centre.database.pool.connection() as connection:
        await connection.execute(b"UPDATE pops SET state = 'shown', shown_at = promised_at, match_state = 'none'")
    while sum(await asyncio.gather(*(server.settle(second(40_000)) for server in servers))):
        pass
    asked = await centre.rows("SELECT subject_key, count FROM review_items WHERE kind = 'unknown_caller' ORDER BY 1")
    assert asked == [(number, len(range(place, 200, 7))) for place, number in enumerate(numbers)]
    assert await centre.one("SELECT count(*) FROM interactions WHERE settled_at IS NOT NULL") == (200,)


async def told_at_once(servers: list[CallCentre], told: list[tuple[CallEvent, CallEvent]]) -> None:
    """Let each server hear its share of the calls, all of them side by side."""

    async def hear_share(server: CallCentre, share: list[tuple[CallEvent, CallEvent]]) -> None:
        for events in share:
            await server.hear_all(events)

    await asyncio.gather(*(hear_share(server, told[place :: len(servers)]) for place, server in enumerate(servers)))


async def test_an_extension_nobody_sits_at_shows_nobody_a_card_and_tells_the_administrator(centre: CallCentre) -> None:
    call = Exchange()
    await centre.play([call.tell("ringing", 0, agent="7777"), call.tell("ringing", 1, agent="7777"), call.tell("ended", 20)])
    assert await centre.cards() == {}
    assert await centre.effects() == ["suppressed: unmapped_extension", "suppressed: unmapped_extension", "noted"]
    assert await centre.rows(OPEN) == [("unmapped_extension", "pbx:7777", 1, 1)]


async def test_a_call_missed_by_three_agents_in_a_row_is_a_staffing_matter(centre: CallCentre) -> None:
    call = Exchange()
    rings = [
        (call.tell("ringing", 20 * n, agent=agent), call.tell("ended", 20 * n + 15, agent=agent))
        for n, agent in enumerate(("1001", "1002", "1003"))
    ]
    await centre.play([event for pair in rings for event in pair])
    await centre.settle(second(90))
    assert [row[0] for row in await centre.rows(OPEN)] == ["staffing"]
    assert await centre.one("SELECT outcome FROM interactions") == ("missed_agent",)


async def test_three_misses_and_a_fourth_call_that_is_served(centre: CallCentre) -> None:
    for place in range(3):
        call = Exchange(f"c-{place}")
        await centre.play([call.tell("ringing", 60 * place, agent="1001"), call.tell("ended", 60 * place + 20)])
        await centre.settle(second(60 * place + 30))
    await served(centre, Exchange("c-3"), match="known", began=200)
    outcomes = await centre.rows("SELECT outcome FROM interactions ORDER BY started_at")
    assert outcomes == [("missed_agent",), ("missed_agent",), ("missed_agent",), ("served",)]
    async with centre.database.begin() as tx:
        cards = await pops.of_call(tx, call_id="c-3", interaction_id=None)
    assert [(card.agent, card.state) for card in cards] == [("1001", "shown")]


REVIEWER = Caller(actor="agent:9001", role="supervisor", scopes=frozenset(), agent="9001")


async def test_whoever_says_whose_number_it_is_waits_for_its_calls_before_holding_the_question(centre: CallCentre) -> None:
    """A call that is being settled asks the same question: who held that and waited for the call would be a deadlock."""
    await served(centre, Exchange("c-1"), match="none")
    (item_id,) = await centre.one("SELECT id FROM review_items")
    link = decisions.link(centre.database, item_id, ExternalRef.parse("crm:7"), by=REVIEWER, now=second(200))
    await meets_a_call(centre, link)
    assert (await decisions.find(centre.database, item_id)).state == "linked"
    undo = decisions.undo(centre.database, item_id, by=REVIEWER, now=second(300))
    await meets_a_call(centre, undo)
    assert (await decisions.find(centre.database, item_id)).state == "open"


async def meets_a_call(centre: CallCentre, decision: Coroutine[Any, Any, object]) -> None:
    """Have a decision made while an earlier call of the number is held, and the question is asked under that."""
    async with centre.database.begin() as tx:
        held = await calls.lock(tx, await calls.find(tx, "pbx", ["c-1"]))
        async with held_up(centre.database, decision) as deciding:
            asked = "SELECT id FROM review_items WHERE subject_key = %(number)s FOR UPDATE NOWAIT"
            assert held
            assert len(await driver_rows.column(tx, asked, {"number": CALLER})) == 1
            await tx.commit()
            await deciding
