"""Repeated, overtaken, late and lost events: one call, one card, never an error."""

from dataclasses import replace
from datetime import timedelta

from tests.flows.call_centre import CallCentre
from tests.flows.exchange import CALLER, LINE, Exchange, second, simple_call

from tieline.domain.call_age import CallPolicy
from tieline.domain.call_identity import completed
from tieline.observability.metrics import SWEPT_CALLS

LATE = timedelta(minutes=109)


async def test_new_call_told_twice_is_one_call_and_one_card(centre: CallCentre) -> None:
    ring = Exchange().tell("ringing", 0, agent="1001")
    receipts = [await centre.hear(ring), await centre.hear(ring)]
    assert [(receipt.accepted, receipt.duplicate) for receipt in receipts] == [(True, False), (True, True)]
    assert [(order.kind, order.agent, order.mode) for order in centre.orders] == [("show", "1001", "preview")]
    assert await centre.one("SELECT count(*), (SELECT count(*) FROM call_events) FROM interactions") == (1, 1)


async def test_a_repetition_with_the_exchanges_event_id_is_known_by_it(centre: CallCentre) -> None:
    call = Exchange()
    await centre.hear(call.tell("ringing", 0, agent="1001", event_id="e-1"))
    again = await centre.hear(call.tell("ringing", 0, agent="1001", event_id="e-1", data={"attempt": 2}))
    assert again.duplicate


async def test_answer_before_new_call_makes_the_call_and_one_card(centre: CallCentre) -> None:
    ring, answer, _end = simple_call()
    await centre.hear(answer)
    await centre.serve()
    await centre.hear(ring, at=second(3.2))
    assert centre.orders == []
    assert await centre.cards() == {"1001": ("shown", "full", "answered")}
    assert await centre.rows("SELECT state, started_at, answered_at FROM interactions") == [("answered", second(0), second(3))]


async def test_a_lost_hang_up_is_swept_after_four_hours_and_not_counted_as_talk(centre: CallCentre) -> None:
    await centre.hear_all(simple_call()[:2])
    assert await centre.sweep(second(4 * 3600)) == 0
    assert await centre.sweep(second(4 * 3600 + 10)) == 1
    call = await centre.one("SELECT state, outcome, talk_s, settled_at IS NOT NULL FROM interactions")
    assert call == ("ended", "unknown_lost_hangup", None, True)
    assert await centre.sweep(second(5 * 3600)) == 0


async def test_a_swept_call_is_counted(centre: CallCentre) -> None:
    before = SWEPT_CALLS._value.get()
    await centre.hear_all(simple_call()[:2])
    await centre.sweep(second(5 * 3600))
    assert SWEPT_CALLS._value.get() == before + 1


async def test_a_call_with_hundreds_of_events_is_logged_and_followed_no_further(centre: CallCentre) -> None:
    centre.desk = replace(centre.desk, policy=CallPolicy(most_events=4))
    call = Exchange()
    for place in range(6):
        await centre.hear(call.tell("ringing", place, agent=f"100{place + 1}"))
    assert (await centre.effects())[4:] == ["suppressed: too_many_events"] * 2
    assert (await centre.hear(call.tell("ringing", 5, agent="1006"))).duplicate
    assert sorted(await centre.cards()) == ["1001", "1002", "1003", "1004"]


async def test_a_hang_up_that_comes_after_the_sweep_tells_the_truth_after_all(centre: CallCentre) -> None:
    call = simple_call()
    await centre.hear_all(call[:2])
    await centre.sweep(second(4 * 3600 + 10))
    await centre.hear(call[2], at=second(5 * 3600))
    await centre.settle(second(5 * 3600 + 6))
    assert await centre.one("SELECT state, outcome, talk_s FROM interactions") == ("ended", "served", 30)


async def test_a_call_that_hung_up_while_no_worker_ran_is_settled_and_not_swept(centre: CallCentre) -> None:
    ring, answer, _end = simple_call()
    await centre.hear_all([ring, answer, Exchange().tell("ended", 33, agent="1001")])
    assert await centre.sweep(second(9 * 3600)) == 0
    assert await centre.settle(second(9 * 3600)) == 1
    assert await centre.one("SELECT outcome, talk_s FROM interactions") == ("served", 30)


async def test_events_109_minutes_late_are_logged_and_bring_no_card(centre: CallCentre) -> None:
    await centre.hear_all(simple_call(), after=LATE)
    await centre.settle(second(0) + LATE + timedelta(seconds=60))
    assert centre.orders == []
    assert await centre.cards() == {}
    assert await centre.effects() == ["suppressed: stale_event", "suppressed: stale_event", "noted"]
    assert await centre.one("SELECT state, outcome, talk_s FROM interactions") == ("ended", "served", 30)


async def test_a_clock_forty_seconds_behind_does_not_hide_the_card(centre: CallCentre) -> None:
    await centre.hear_all(simple_call()[:1], after=timedelta(seconds=40))
    assert [(order.kind, order.agent) for order in centre.orders] == [("show", "1001")]


async def test_a_clock_forty_seconds_ahead_does_not_hide_the_card(centre: CallCentre) -> None:
    await centre.hear_all(simple_call()[:1], after=timedelta(seconds=-40))
    assert [(order.kind, order.agent) for order in centre.orders] == [("show", "1001")]


async def test_one_late_event_of_an_exchange_whose_clock_is_right_brings_no_card(centre: CallCentre) -> None:
    await centre.hear_all(simple_call(Exchange("c-1")))
    centre.orders.clear()
    await centre.hear(Exchange("c-2").tell("ringing", 50, agent="1002"), after=timedelta(seconds=40))
    assert centre.orders == []


async def test_a_restarted_server_still_knows_the_exchanges_clock(centre: CallCentre) -> None:
    await centre.hear_all(simple_call(Exchange("c-1")))
    restarted = CallCentre(centre.database)
    await restarted.hear(Exchange("c-2").tell("ringing", 50, agent="1002"), after=timedelta(seconds=40))
    assert restarted.orders == []


async def test_an_old_ring_stays_hidden_and_a_fresh_answer_brings_the_card_opened(centre: CallCentre) -> None:
    await centre.hear_all(simple_call(Exchange("c-1")))
    centre.orders.clear()
    call = Exchange("c-2")
    await centre.hear(call.tell("ringing", 50, agent="1002"), after=timedelta(seconds=20))
    await centre.hear(call.tell("answered", 71, agent="1002"))
    assert [(order.kind, order.agent, order.mode) for order in centre.orders] == [("show", "1002", "full")]


async def test_nothing_comes_back_after_the_end(centre: CallCentre) -> None:
    call = Exchange()
    await centre.hear_all(simple_call(call))
    centre.orders.clear()
    await centre.hear(call.tell("ringing", 34, agent="1002"))
    assert centre.orders == []
    assert await centre.one("SELECT state FROM interactions") == ("ended",)
    assert (await centre.effects())[-1] == "suppressed: call_over"


async def test_an_exchange_without_call_ids_gets_one_call_from_number_direction_and_second(centre: CallCentre) -> None:
    named = {"from": CALLER, "to": LINE, "direction": "inbound"}
    ring = Exchange(call_id=derived(named, 0)).tell("ringing", 0, agent="1001")
    answer = Exchange(call_id=derived(named, 2)).tell("answered", 2, agent="1001")
    end = Exchange(call_id=derived(named, 60)).tell("ended", 60)
    await centre.hear_all([ring, answer, end])
    call = await centre.one("SELECT state, id_quality, talk_s FROM interactions")
    assert call == ("ended", "derived", 58)
    assert CALLER.removeprefix("+") not in str(await centre.rows("SELECT call_key FROM call_aliases"))


def derived(fields: dict[str, str], began: float) -> str:

    return str(completed(fields, received_at=second(began))["call_id"])
