"""Several servers, several events of one call at the same moment, and servers that die."""

import asyncio
import uuid
from collections.abc import Iterable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import text
from tests.flows.call_centre import PBX, CallCentre
from tests.flows.exchange import AGENTS, Exchange, scenarios, second, simple_call, transferred_under_a_new_id
from tests.waiting import held_up

from tieline.security.permissions import Caller
from tieline.services import call_following, call_joining
from tieline.services.call_wrapping import wrap_up
from tieline.services.directory import Directory
from tieline.services.tickets.desk import TicketDesk
from tieline.store import call_log, call_wrap_ups, calls, pops
from tieline.store.call_wrap_ups import WrapUp
from tieline.store.database import Database
from tieline.store.pops import Shown


async def test_fifty_copies_of_one_event_at_once_are_one_event(centre: CallCentre) -> None:
    servers = [centre, CallCentre(centre.database)]
    ring = Exchange().tell("ringing", 0, agent="1001")
    receipts = await asyncio.gather(*(servers[place % 2].hear(ring) for place in range(50)))
    assert sorted(receipt.duplicate for receipt in receipts) == [False] + [True] * 49
    assert [order.kind for server in servers for order in server.orders] == ["show"]
    assert await centre.one(
        "SELECT count(*), (SELECT count(*) FROM pops), (SELECT count(*) FROM call_events) FROM interactions"
    ) == (1, 1, 1)


async def test_all_events_of_a_call_at_once_are_that_call(centre: CallCentre) -> None:
    events = scenarios()["warm transfer"]
    other = CallCentre(centre.database)
    await asyncio.gather(*((centre, other)[place % 2].hear(event, at=second(61)) for place, event in enumerate(events)))
    await centre.settle(second(70))
    assert await centre.one("SELECT count(*), min(outcome), min(talk_s) FROM interactions") == (1, "served", 57)


async def test_linked_calls_told_at_once_from_both_ends_become_one(centre: CallCentre) -> None:
    servers = [centre, CallCentre(centre.database)]
    told = [
        Exchange(f"c-{place}", linked_call_id=f"c-{(place + 1) % 6}").tell("ringing", place, agent=AGENTS[place])
        for place in range(6)
    ]
    await asyncio.gather(*(servers[place % 2].hear(event, at=second(6)) for place, event in enumerate(told)))
    assert await centre.one(
        "SELECT count(*), (SELECT count(*) FROM call_events), (SELECT count(*) FROM call_aliases) FROM interactions"
    ) == (1, 6, 6)


async def test_whoever_finds_a_call_joined_meanwhile_holds_none_while_waiting_for_the_rest(
    centre: CallCentre, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two that each held one and waited for the other's would be a deadlock."""
    await centre.hear(Exchange("c-1").tell("ringing", 0, agent="1001"))
    find, lock, gone, held_in = calls.find, calls.lock, [frozenset({uuid.uuid4()})], []

    async def find_one_that_goes(conn: Any, provider: str, names: Iterable[str]) -> frozenset[uuid.UUID]:  # noqa: ANN401 - passed on
        return await find(conn, provider, names) | (gone.pop() if gone else frozenset())

    async def lock_watched(tx: Any, ids: Iterable[uuid.UUID]) -> Any:  # noqa: ANN401 - passed on
        held_in.append((await tx.execute(text("SELECT pg_current_xact_id()::text"))).scalar_one())
        return await lock(tx, ids)

    monkeypatch.setattr(calls, "find", find_one_that_goes)
    monkeypatch.setattr(calls, "lock", lock_watched)
    await centre.hear(Exchange("c-1").tell("answered", 2, agent="1001"))
    assert len(held_in) == len(set(held_in)) == 2
    assert await centre.one("SELECT count(*), (SELECT count(*) FROM call_events) FROM interactions") == (1, 2)


async def test_a_call_is_settled_by_one_of_two_workers(centre: CallCentre) -> None:
    await centre.hear_all(simple_call())
    other = CallCentre(centre.database)
    assert sorted(await asyncio.gather(centre.settle(second(60)), other.settle(second(60)))) == [0, 1]


async def test_a_server_killed_between_commit_and_showing_leaves_the_promise_to_another(
    centre: CallCentre, database_url: str
) -> None:
    await centre.hear(Exchange().tell("ringing", 0, agent="1001"))
    centre.orders.clear()  # The server dies here: whatever it had in mind to present is gone.
    after_restart = await Database.open(database_url)
    async with after_restart.begin() as tx:
        orders = await pops.unserved(tx, now=second(3), overdue=timedelta(seconds=2))
        assert [(order.kind, order.agent, order.call_id) for order in orders] == [("show", "1001", "c-42")]
        assert await pops.claim(tx, orders[0].pop_id, by="second server", now=second(3))
    await after_restart.aclose()


async def test_a_server_killed_over_a_claimed_card_is_relieved_and_cannot_show_it_twice(centre: CallCentre) -> None:
    await centre.hear(Exchange().tell("ringing", 0, agent="1001"))
    pop_id = centre.orders[0].pop_id
    async with centre.database.begin() as tx:
        assert await pops.claim(tx, pop_id, by="first", now=second(1))
        assert await pops.claim(tx, pop_id, by="second", now=second(5)) is None
        assert await pops.unserved(tx, now=second(5), overdue=timedelta(seconds=2)) == []
        (order,) = await pops.unserved(tx, now=second(7), overdue=timedelta(seconds=2))
        assert (order.kind, order.pop_id) == ("show", pop_id)
        assert await pops.claim(tx, pop_id, by="second", now=second(7))
        assert await pops.mark_shown(tx, pop_id, Shown(None, {}), by="first", now=second(8)) is None
        assert await pops.mark_shown(tx, pop_id, Shown(None, {}), by="second", now=second(8)) == 1
        assert await pops.mark_shown(tx, pop_id, Shown(None, {}), by="second", now=second(9)) is None


async def test_an_update_lost_with_its_server_is_found_as_an_update(centre: CallCentre) -> None:
    ring, answer, _end = simple_call()
    await centre.play([ring])
    await centre.hear(answer)
    async with centre.database.begin() as tx:
        (order,) = await pops.unserved(tx, now=second(10), overdue=timedelta(seconds=2))
    assert (order.kind, order.agent, order.mode, order.reason) == ("update", "1001", "full", "answered")


async def test_a_card_withdrawn_while_it_is_being_looked_up_is_not_shown(centre: CallCentre) -> None:
    call = Exchange()
    await centre.hear(call.tell("ringing", 0, agent="1001"))
    pop_id = centre.orders[0].pop_id
    async with centre.database.begin() as tx:
        await pops.claim(tx, pop_id, by="first", now=second(1))
    await centre.hear(call.tell("ended", 2))
    async with centre.database.begin() as tx:
        assert await pops.mark_shown(tx, pop_id, Shown(None, {}), by="first", now=second(3)) is None
    assert centre.withdrawn == [("1001", "caller_hung_up")]


async def test_a_card_no_screen_can_have_heard_of_is_withdrawn_in_silence(centre: CallCentre) -> None:
    call = Exchange()
    await centre.hear_all([call.tell("ringing", 0, agent="1001"), call.tell("ended", 2)])
    assert (centre.withdrawn, await centre.cards()) == ([], {"1001": ("withdrawn", "preview", "caller_hung_up")})


async def test_promises_of_calls_long_over_are_let_go(centre: CallCentre) -> None:
    await centre.hear_all(simple_call())
    async with centre.database.begin() as tx:
        assert await pops.give_up(tx, promised_before=second(20)) == 0
        assert await pops.give_up(tx, promised_before=second(400)) == 1
        assert await pops.unserved(tx, now=second(500), overdue=timedelta(seconds=2)) == []
    assert (await centre.cards())["1001"] == ("suppressed", "full", "stale_promise")


async def test_a_late_event_goes_with_its_call_that_was_taken_out_of_another_while_it_waited(centre: CallCentre) -> None:
    events = transferred_under_a_new_id()
    await centre.play(events)
    late = Exchange("c-2").tell("held", 55, agent="1002")
    async with centre.database.begin() as tx:
        (kept,) = await calls.lock(tx, await calls.find(tx, PBX, ["c-1"]))
        logged = await call_log.read(tx, [kept.id], limit=100)
        parts = call_joining.Parts.of(logged, frozenset({"c-2"}))
        await call_joining._detach(tx, centre.desk, kept, parts, now=second(60))
        async with held_up(centre.database, centre.hear(late)) as heard:
            await tx.commit()
            await heard
    told = "SELECT call_key FROM interactions JOIN call_events ON interaction_id = interactions.id WHERE type = 'held'"
    assert await centre.rows(told) == [("c-2",)]


async def test_a_call_that_is_joined_elsewhere_while_it_is_looked_at_is_no_partner(
    centre: CallCentre, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def one_that_has_gone(*_given: Any, **_named: Any) -> list[uuid.UUID]:  # noqa: ANN401 - whatever it is asked
        return [uuid.uuid4()]

    monkeypatch.setattr(calls, "neighbours", one_that_has_gone)
    await centre.hear(Exchange().tell("ringing", 0, agent="1001"))
    assert await centre.one("SELECT count(*) FROM interactions") == (1,)


async def test_what_an_agent_said_of_a_call_stays_with_what_that_is_joined_to(centre: CallCentre) -> None:
    await centre.hear_all([Exchange("c-1").tell("ringing", 0, agent="1001"), Exchange("c-2").tell("ringing", 100, agent="1002")])
    async with centre.database.begin() as tx:
        (first,), (other,) = [list(await calls.find(tx, PBX, [name])) for name in ("c-1", "c-2")]
        await call_wrap_ups.put(tx, WrapUp(first, "asked", None, "1001", second(50)))
        await call_wrap_ups.put(tx, WrapUp(other, "solved", "all well", "1002", second(150)))
    await centre.hear(Exchange("c-2", linked_call_id="c-1").tell("answered", 103, agent="1002"))
    assert await centre.rows("SELECT disposition, notes, by FROM call_wrap_ups") == [("solved", "all well", "1002")]


async def test_an_agent_who_wraps_up_a_call_as_it_is_joined_to_another_is_heard(centre: CallCentre) -> None:
    await centre.hear_all([Exchange("c-1").tell("ringing", 0, agent="1001"), Exchange("c-2").tell("ringing", 100, agent="1002")])
    desk = TicketDesk(centre.database, SimpleNamespace(now=Directory()), lambda: second(200))
    agent = Caller(actor="agent:1002", role="agent", scopes=frozenset(), agent="1002")
    async with centre.database.begin() as tx:
        ids = {one for name in ("c-1", "c-2") for one in await calls.find(tx, PBX, [name])}
        await call_joining.merge(tx, centre.desk, await calls.lock(tx, ids), guessed=False, now=second(150))
        events = [one.event for one in await call_log.read(tx, [min(ids)], limit=100)]
        subject = call_following.Subject(min(ids), PBX, "ringing", "none", second(150))
        await call_following.follow(tx, centre.desk, subject, events, now=second(150))
        async with held_up(centre.database, wrap_up(desk, "c-2", disposition="solved", notes=None, by=agent)) as said:
            await tx.commit()
            await said
    assert await centre.rows("SELECT call_key, disposition FROM interactions LEFT JOIN call_wrap_ups ON interaction_id = id") == [
        ("c-1", "solved")
    ]
