"""An exchange that gives a transferred or consulted call an unrelated id: joined by a guess that is marked and reversible."""

import pytest
from tests.flows.call_centre import PBX, CallCentre
from tests.flows.exchange import CALLER, Exchange, consulted_under_a_new_id, second, simple_call, transferred_under_a_new_id

from tieline.domain.call import CallEvent
from tieline.domain.errors import NotFound
from tieline.services.call_joining import keep_apart

FIRST = Exchange("c-1")
NAMES = """
    SELECT call_aliases.call_key, interactions.call_key, joined_by
    FROM call_aliases JOIN interactions ON id = interaction_id ORDER BY 1
"""
CONSULT = Exchange("c-2", caller="1001", called="2001", direction="internal")


async def test_a_told_transfer_finds_its_call_under_the_new_id(centre: CallCentre) -> None:
    await centre.play(transferred_under_a_new_id())
    await centre.settle(second(70))
    assert await centre.rows(NAMES) == [("c-1", "c-1", "given"), ("c-2", "c-1", "heuristic")]
    assert await centre.one("SELECT count(*), min(talk_s), min(outcome) FROM interactions") == (1, 53, "served")
    assert centre.withdrawn == [("1001", "transferred")]


async def test_an_untold_transfer_is_known_by_number_line_and_moment(centre: CallCentre) -> None:
    moved = Exchange("c-2")
    first = [FIRST.tell("ringing", 0, agent="1001"), FIRST.tell("answered", 3, agent="1001"), FIRST.tell("ended", 20)]
    await centre.play([*first, moved.tell("ringing", 22, agent="1002"), moved.tell("answered", 25, agent="1002")])
    assert await centre.rows(NAMES) == [("c-1", "c-1", "given"), ("c-2", "c-1", "heuristic")]
    assert [state for (state,) in await centre.rows("SELECT state FROM interactions")] == ["answered"]


@pytest.mark.parametrize("began", [14.0, 26.0, 600.0])
async def test_the_same_number_at_another_moment_is_another_call(centre: CallCentre, began: float) -> None:
    await centre.play(simple_call(FIRST, agent="1001")[:2])
    await centre.play([FIRST.tell("ended", 20)])
    await centre.play([Exchange("c-2").tell("ringing", began, agent="1002")])
    assert await centre.rows(NAMES) == [("c-1", "c-1", "given"), ("c-2", "c-2", "given")]


async def test_somebody_else_at_that_moment_is_another_call(centre: CallCentre) -> None:
    await centre.play(
        [*simple_call(FIRST, agent="1001"), Exchange("c-2", caller="+8613800138002").tell("ringing", 34, agent="1002")]
    )
    assert await centre.one("SELECT count(*) FROM interactions") == (2,)


async def test_a_colleague_consulted_under_another_id_gets_the_customers_card_read_only(centre: CallCentre) -> None:
    events = consulted_under_a_new_id()
    await centre.play(events[:5])
    assert await centre.one("SELECT count(*), min(customer_e164) FROM interactions") == (1, CALLER)
    assert (await centre.cards())["2001"] == ("shown", "join", "joined")
    await centre.play(events[5:])
    assert centre.withdrawn == [("2001", "consult_over")]


async def test_a_colleague_called_while_in_no_call_is_an_internal_call_and_brings_no_card(centre: CallCentre) -> None:
    await centre.play([CONSULT.tell("ringing", 11), CONSULT.tell("answered", 14)])
    assert await centre.one("SELECT internal, customer_raw FROM interactions") == (True, "1001")
    assert (await centre.cards(), await centre.effects()) == ({}, ["suppressed: internal", "suppressed: internal"])


@pytest.mark.parametrize("events", [transferred_under_a_new_id(), consulted_under_a_new_id()], ids=["transfer", "consult"])
async def test_the_guess_is_the_same_when_everything_arrives_backwards(centre: CallCentre, events: list[CallEvent]) -> None:
    for event in reversed(events):
        await centre.hear(event, at=second(4000))
    for after in (10, 20):
        await centre.settle(second(4000 + after))
    told = await centre.everything()
    in_order = CallCentre(centre.database)
    await wipe(centre)
    await in_order.hear_all(events)
    for after in (10, 20):
        await in_order.settle(second(70 + after))
    assert told == await in_order.everything()


async def test_a_guess_that_does_not_hold_once_all_is_known_is_taken_back(centre: CallCentre) -> None:
    """The agent's hang-up arrives late: it had ended before the colleague was called, who was therefore not consulted."""
    await centre.hear(FIRST.tell("ringing", 0, agent="1001"))
    await centre.hear(FIRST.tell("answered", 3, agent="1001"))
    await centre.hear(CONSULT.tell("ringing", 40))
    assert await centre.one("SELECT count(*) FROM interactions") == (1,)
    await centre.hear(FIRST.tell("ended", 30), at=second(41))
    await centre.hear(CONSULT.tell("ended", 42))
    for after in (50, 60):
        await centre.settle(second(after))
    assert await centre.rows(NAMES) == [("c-1", "c-1", "given"), ("c-2", "c-2", "given")]
    assert await centre.rows("SELECT call_key, internal, outcome FROM interactions ORDER BY 1") == [
        ("c-1", False, "served"),
        ("c-2", True, "abandoned_short"),
    ]


async def test_a_person_takes_a_guess_back_for_good(centre: CallCentre) -> None:
    await centre.play(transferred_under_a_new_id())
    await centre.settle(second(70))
    await keep_apart(centre.desk, PBX, "c-2", now=second(80))
    for after in (90, 100):
        await centre.settle(second(after))
    assert await centre.rows(NAMES) == [("c-1", "c-1", "given"), ("c-2", "c-2", "apart")]
    assert await centre.rows("SELECT call_key, talk_s FROM interactions ORDER BY 1") == [("c-1", 17), ("c-2", 36)]


async def test_what_no_guess_joined_cannot_be_taken_apart(centre: CallCentre) -> None:
    await centre.play(simple_call())
    with pytest.raises(NotFound):
        await keep_apart(centre.desk, PBX, "c-42", now=second(80))


async def wipe(centre: CallCentre) -> None:
    async with centre.database.pool.connection() as connection:
        await connection.execute(b"TRUNCATE interactions, review_items CASCADE")
