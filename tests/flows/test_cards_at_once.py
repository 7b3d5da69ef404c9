"""What an agent does with a card, and what another system says of it, at the moment a call takes that card back."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any, Final

import pytest
from tests.flows.call_centre import CallCentre
from tests.flows.exchange import Exchange, second
from tests.waiting import held_up

from tieline.domain.errors import StateConflict
from tieline.security.permissions import Caller
from tieline.services.pop_answers import PopAnswers
from tieline.store import calls, pops
from tieline.store.database import Database
from tieline.store.pops import Shown

AGENT: Final = Caller(actor="agent:1001", role="agent", scopes=frozenset(), agent="1001")
FOUND: Final = {"candidates": [{"ref": "crm:7"}]}


def answers_of(database: Database, orders: list[Any]) -> PopAnswers:
    desk: Any = SimpleNamespace(database=database, now=lambda: second(10))
    delivery: Any = SimpleNamespace(present=orders.append)
    return PopAnswers(desk, delivery)


async def shown(centre: CallCentre, *agents: str) -> list[str]:
    """A call that rings at agents who all have its card on the screen; return the cards' ids."""
    for place, agent in enumerate(agents):
        await centre.hear(Exchange().tell("ringing", place, agent=agent))
    ids = [order.pop_id for order in centre.orders]
    centre.orders.clear()
    async with centre.database.begin() as tx:
        for pop_id in ids:
            await pops.claim(tx, pop_id, by="server", now=second(2))
            await pops.mark_shown(tx, pop_id, Shown("maybe", FOUND, complete=True), by="server", now=second(2))
    return ids


async def test_a_choice_waits_for_the_call_before_it_touches_the_card(centre: CallCentre) -> None:
    """Who held the card and waited for the call, which waits for the card, would be a deadlock."""
    (pop_id,) = await shown(centre, "1001")
    orders: list[Any] = []
    choice = answers_of(centre.database, orders).choose(pop_id, "crm:7", remember=False, by=AGENT)
    async with centre.database.begin() as tx:
        (call,) = await calls.lock(tx, await calls.find(tx, "pbx", ["c-42"]))
        async with held_up(centre.database, choice) as chosen:
            assert await pops.withdraw(tx, pop_id, reason="answered_elsewhere", now=second(5)) is not None
            await tx.commit()
            with pytest.raises(StateConflict):
                await chosen
    assert await centre.one("SELECT state, chosen_ref, (SELECT customer_ref FROM interactions) FROM pops") == (
        "withdrawn",
        None,
        None,
    )
    assert (orders, call.customer_ref) == ([], None)


async def test_a_card_that_is_taken_back_at_this_moment_is_not_asked_about_again(centre: CallCentre) -> None:
    (pop_id,) = await shown(centre, "1001")
    async with centre.database.begin() as tx:
        await calls.lock(tx, await calls.find(tx, "pbx", ["c-42"]))
        await pops.withdraw(tx, pop_id, reason="answered_elsewhere", now=second(5))
        async with held_up(centre.database, answers_of(centre.database, []).ask_again(pop_id, by=AGENT)) as asked:
            await tx.commit()
            with pytest.raises(StateConflict):
                await asked
    assert (await centre.cards())["1001"][0] == "withdrawn"


async def test_a_choice_follows_its_card_to_the_call_it_was_joined_to(centre: CallCentre) -> None:
    await centre.hear(Exchange("c-1").tell("ringing", 0, agent="2001"))
    centre.orders.clear()
    (pop_id,) = await shown(centre, "1001")
    async with centre.database.begin() as tx:
        (onto,), (gone,) = [list(await calls.find(tx, "pbx", [name])) for name in ("c-1", "c-42")]
        await calls.lock(tx, [onto, gone])
        await pops.hand_over(tx, from_=gone, onto=onto)
        choice = answers_of(centre.database, []).choose(pop_id, "crm:7", remember=False, by=AGENT)
        async with held_up(centre.database, choice) as chosen:
            await tx.commit()
            await chosen
    assert await centre.rows("SELECT call_key, customer_ref FROM interactions ORDER BY 1") == [("c-1", "crm:7"), ("c-42", None)]


async def news_of_a_record(centre: CallCentre, *pop_ids: str) -> list[str]:
    async with centre.database.begin() as tx:
        return await pops.promise_anew(tx, pop_ids, reason="record_changed", now=second(6))


async def test_news_of_a_record_brings_no_card_back_that_is_taken_back_at_this_moment(centre: CallCentre) -> None:
    first, other = await shown(centre, "1001", "1002")
    async with centre.database.begin() as tx:
        await pops.withdraw(tx, first, reason="answered_elsewhere", now=second(5))
        async with held_up(centre.database, news_of_a_record(centre, other, first)) as told:
            await tx.commit()
            assert await told == [other]
    assert await centre.cards() == {
        "1001": ("withdrawn", "preview", "answered_elsewhere"),
        "1002": ("promised", "preview", "record_changed"),
    }


async def test_news_of_a_record_takes_cards_in_the_order_in_which_calls_do(centre: CallCentre) -> None:
    """Two that took two cards of one call from opposite ends would be a deadlock."""
    first, other = await shown(centre, "1001", "1002")
    async with centre.database.begin() as tx:
        await pops.withdraw(tx, first, reason="missed", now=second(5))
        async with held_up(centre.database, news_of_a_record(centre, other, first)) as told:
            assert await pops.withdraw(tx, other, reason="missed", now=second(5)) is not None
            await tx.commit()
            assert await told == []


async def test_whoever_looks_for_unserved_cards_waits_for_no_call_that_holds_one(centre: CallCentre) -> None:
    await centre.hear(Exchange().tell("ringing", 0, agent="1001"))
    pop_id = centre.orders[0].pop_id
    async with centre.database.begin() as tx:
        await pops.claim(tx, pop_id, by="died", now=second(1))
        await pops.mark_shown(tx, pop_id, Shown("maybe", {}), by="died", now=second(1))
    later = second(1) + timedelta(hours=1)
    async with centre.database.begin() as tx, centre.database.begin() as worker:
        await pops.withdraw(tx, pop_id, reason="missed", now=later)
        assert await pops.left_unfinished(worker, shown_before=later, now=later) == []
        assert await pops.give_up(worker, promised_before=later) == 0
    assert (await centre.cards())["1001"][0] == "withdrawn"
