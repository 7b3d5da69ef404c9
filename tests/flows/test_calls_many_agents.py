"""Ring groups, hunting, transfers, consults and conferences are legs of one call; each agent has at most one card."""

from tests.flows.call_centre import CallCentre
from tests.flows.exchange import AGENTS, LINE, Exchange, House, scenarios, second

PLAYED = scenarios()
ONE_CALL = "SELECT count(*) FROM interactions"


async def legs(centre: CallCentre) -> list[tuple[str, str, str]]:
    return [
        (agent, kind, outcome)
        for agent, kind, outcome in await centre.rows(
            "SELECT agent, kind, outcome FROM legs WHERE kind <> 'queue' ORDER BY rang_at, answered_at, leg_key"
        )
    ]


async def test_ring_group_of_eight_shows_eight_cards_and_takes_seven_back(centre: CallCentre) -> None:
    orders = await centre.play(PLAYED["ring group of 8"])
    assert orders == [("show", agent, "preview") for agent in AGENTS[:8]] + [("update", "1005", "full")] * 2
    assert sorted(centre.withdrawn) == [(agent, "answered_elsewhere") for agent in AGENTS[:8] if agent != "1005"]
    assert {outcome for _agent, _kind, outcome in await legs(centre)} == {"served", "answered_elsewhere"}


async def test_hunting_walks_the_card_from_desk_to_desk(centre: CallCentre) -> None:
    await centre.play(PLAYED["hunt"])
    await centre.settle(second(100))
    assert centre.withdrawn == [("1001", "missed"), ("1002", "missed")]
    assert await legs(centre) == [
        ("1001", "agent", "missed_agent"),
        ("1002", "agent", "missed_agent"),
        ("1003", "agent", "served"),
    ]
    assert await centre.one("SELECT outcome, wait_s, talk_s FROM interactions") == ("served", 36, 54)


async def test_hunting_reaches_the_same_agent_twice_with_one_card(centre: CallCentre) -> None:
    call = Exchange()
    await centre.play(
        [
            call.tell("ringing", 0, agent="1001"),
            call.tell("ended", 15, agent="1001"),
            call.tell("ringing", 16, agent="1002"),
            call.tell("ended", 31, agent="1002"),
            call.tell("ringing", 32, agent="1001"),
            call.tell("answered", 35, agent="1001"),
        ]
    )
    assert await centre.rows("SELECT agent, state FROM pops ORDER BY agent") == [("1001", "shown"), ("1002", "withdrawn")]
    assert [kind for kind, _mode in await seen_by(centre, "1001")] == ["show", "withdraw", "show", "update"]


async def test_two_devices_of_one_agent_are_two_legs_and_one_card(centre: CallCentre) -> None:
    orders = await centre.play(PLAYED["two devices"])
    assert orders == [("show", "1001", "preview"), ("update", "1001", "full"), ("update", "1001", "full")]
    assert await legs(centre) == [("1001", "agent", "answered_elsewhere"), ("1001", "agent", "served")]
    assert centre.withdrawn == []


async def test_blind_transfer_moves_the_card(centre: CallCentre) -> None:
    orders = await centre.play(PLAYED["blind transfer"])
    assert [order for order in orders if order[0] == "show"] == [("show", "1001", "preview"), ("show", "1002", "preview")]
    assert centre.withdrawn == [("1001", "transferred")]
    assert await centre.one(ONE_CALL) == (1,)


async def test_warm_transfer_gives_exactly_two_cards_and_one_call(centre: CallCentre) -> None:
    orders = await centre.play(PLAYED["warm transfer"])
    assert orders == [
        ("show", "1001", "preview"),
        ("update", "1001", "full"),
        ("update", "1001", "full"),  # held
        ("show", "2001", "preview"),
        ("update", "2001", "join"),
        ("update", "2001", "full"),
        ("update", "2001", "full"),  # call over
    ]
    assert await centre.rows("SELECT agent, reason FROM pops ORDER BY agent") == [("1001", "transferred"), ("2001", "call_over")]
    assert await centre.one("SELECT count(*), min(talk_s) FROM interactions") == (1, 57)


async def test_you_own_it_now_is_what_the_second_agent_is_told(centre: CallCentre) -> None:
    for event in PLAYED["warm transfer"][:6]:
        await centre.hear(event)
    assert centre.orders[-1].reason == "you_own_it_now"


async def test_transfer_to_a_queue_lets_the_next_agent_have_the_card(centre: CallCentre) -> None:
    await centre.play(PLAYED["queue transfer"])
    assert centre.withdrawn == [("1001", "transferred")]
    assert await centre.one("SELECT queue, outcome FROM interactions") == ("billing", "served")
    waits = await centre.rows("SELECT queue, outcome, answered_at FROM legs WHERE kind = 'queue' ORDER BY rang_at")
    assert waits == [("support", "served", second(3)), ("billing", "served", second(44))]


async def test_transfer_to_outside_leaves_the_card_with_who_sent_it(centre: CallCentre) -> None:
    await centre.play(PLAYED["to outside"])
    assert (centre.withdrawn, (await centre.cards())["1001"][0]) == ([], "shown")
    assert await centre.one("SELECT outcome, talk_s, state FROM interactions") == ("served", 17, "ended")


async def test_transfer_with_new_linked_ids_stays_one_call_about_the_customer(centre: CallCentre) -> None:
    await centre.play(PLAYED["transfer with new ids"])
    assert await centre.one("SELECT count(*), min(call_key), min(customer_e164) FROM interactions") == (
        1,
        "c-42",
        "+8613800138000",
    )
    assert await centre.rows("SELECT call_key, joined_by FROM call_aliases ORDER BY 1") == [("c-42", "given"), ("c-43", "linked")]


async def test_two_calls_become_one_when_the_link_is_learnt_late(centre: CallCentre) -> None:
    first, second_leg = Exchange("c-1"), Exchange("c-2")
    await centre.play([first.tell("ringing", 0, agent="1001"), first.tell("answered", 2, agent="1001")])
    await centre.play([second_leg.tell("ringing", 30, agent="1002"), second_leg.tell("ringing", 30, agent="1001")])
    assert await centre.one(ONE_CALL) == (2,)
    await centre.play([Exchange("c-2", linked_call_id="c-1").tell("answered", 33, agent="1002")])
    assert await centre.one(ONE_CALL) == (1,)
    assert await centre.rows("SELECT agent, state FROM pops WHERE interaction_id IS NOT NULL ORDER BY agent") == [
        ("1001", "shown"),
        ("1002", "shown"),
    ]
    assert centre.withdrawn == [("1001", "merged")]


async def test_three_party_conference_gives_a_read_only_card_that_goes_when_the_third_leaves(centre: CallCentre) -> None:
    await centre.play(PLAYED["conference"][:5])
    assert (await centre.cards())["2001"] == ("shown", "join", "joined")
    await centre.play(PLAYED["conference"][5:])
    assert centre.withdrawn == [("2001", "consult_over")]
    assert await legs(centre) == [("1001", "agent", "served"), ("2001", "conference", "served")]
    assert await centre.one("SELECT talk_s FROM interactions") == (57,)


async def test_somebody_put_into_a_conference_without_a_ring_joins_at_once(centre: CallCentre) -> None:
    call = Exchange()
    ring, answer = call.tell("ringing", 0, agent="1001"), call.tell("answered", 3, agent="1001")
    orders = await centre.play([ring, answer, call.tell("conferenced", 20, agent="1001", target="2001")])
    assert orders[-1] == ("join", "2001", "join")


async def test_an_outside_expert_in_a_conference_is_never_taken_for_the_customer(centre: CallCentre) -> None:
    call = Exchange()
    await centre.play(
        [
            call.tell("ringing", 0, agent="1001"),
            call.tell("answered", 3, agent="1001"),
            call.tell("conferenced", 20, agent="1001", target="+8613700000001"),
            call.tell("ended", 60),
        ]
    )
    assert await centre.one("SELECT customer_e164, outcome FROM interactions") == ("+8613800138000", "served")
    assert await legs(centre) == [("1001", "agent", "served"), (None, "external", "forwarded")]


async def test_a_consult_leaves_the_call_with_who_asked(centre: CallCentre) -> None:
    await centre.play(PLAYED["consult only"])
    assert centre.withdrawn == [("2001", "consult_over")]
    assert await legs(centre) == [("1001", "agent", "served"), ("2001", "consult", "served")]
    assert (await centre.cards())["1001"] == ("shown", "full", "call_over")


async def test_outbound_the_card_is_there_at_the_dial_and_no_second_one_comes_with_the_answer(centre: CallCentre) -> None:
    orders = await centre.play(PLAYED["outbound"][:2])
    assert orders == [("show", "1001", "full")]
    assert await centre.one("SELECT direction, customer_e164, line FROM interactions") == ("outbound", "+8613800138000", LINE)


async def test_the_extra_inbound_leg_of_a_bridge_is_folded_in(centre: CallCentre) -> None:
    dialled = Exchange("c-9", direction="outbound")
    bridge = Exchange("c-10", linked_call_id="c-9")
    orders = await centre.play(
        [
            bridge.tell("ringing", 0, agent="1001"),
            bridge.tell("answered", 2, agent="1001"),
            dialled.tell("ringing", 2, agent="1001"),
            dialled.tell("answered", 9, agent="1001"),
        ]
    )
    assert [order[:2] for order in orders if order[0] == "show"] == [("show", "1001")]
    assert await centre.one("SELECT count(*), min(direction), min(call_key) FROM interactions") == (1, "outbound", "c-9")


async def test_queue_watchers_see_the_call_wait_and_no_longer(centre: CallCentre) -> None:
    watched = CallCentre(centre.database, House(watchers={"support": ("9001",)}))
    await watched.play(PLAYED["hunt"])
    assert watched.withdrawn == [("1001", "missed"), ("1002", "missed"), ("9001", "answered_elsewhere")]


async def seen_by(centre: CallCentre, agent: str) -> list[tuple[str, str]]:
    """Return what the call's log says happened on one agent's screen."""
    words = [part.split(": ") for effect in await centre.effects() for part in effect.split(", ")]
    return [(who.split()[0], reason) for who, *rest in words for reason in rest if who.split()[1:] == [agent]]
