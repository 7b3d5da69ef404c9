from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from tieline.store import pops
from tieline.store.database import Database
from tieline.store.pops import NewPop, Shown

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
CALL = UUID(int=1)
INTERACTION = b"""
    INSERT INTO interactions (id, provider, call_key, direction, state, started_at, last_event_at)
    VALUES ('00000000-0000-0000-0000-000000000001', 'pbx', 'c-42', 'inbound', 'ringing', now(), now())
"""


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def card(pop_id: str = "p-1", *, agent: str = "1001") -> NewPop:
    return NewPop(pop_id, CALL, "c-42", agent, "preview", "inbound", "rang")


@pytest.fixture
async def promised(database: Database) -> Database:
    """A database in which agent 1001 was promised a card at `NOW`."""
    async with database.pool.connection() as connection:
        await connection.execute(INTERACTION)
    async with database.begin() as tx:
        assert await pops.promise(tx, card(), now=NOW)
    return database


async def test_an_agent_has_one_card_for_a_call(promised: Database) -> None:
    async with promised.begin() as tx:
        assert not await pops.promise(tx, card("p-2"), now=NOW)
        assert await pops.promise(tx, card("p-3", agent="1002"), now=NOW)
        assert [(one.pop_id, one.agent) for one in await pops.promised(tx, CALL)] == [("p-1", "1001"), ("p-3", "1002")]


async def test_from_promise_to_proof_that_it_was_seen(promised: Database) -> None:
    async with promised.begin() as tx:
        assert await pops.claim(tx, "p-1", by="first", now=at(0.1))
        seq = await pops.mark_shown(tx, "p-1", Shown("known", {"took_ms": 120}), by="first", now=at(0.3))
        patched = await pops.next_seq(tx, "p-1", Shown("known", {"took_ms": 800}), by="first")
        acknowledged = [
            await pops.acknowledge(tx, "p-1", agent="1001", by=tab, now=at(when)) for tab, when in (("a", 1), ("b", 2))
        ]
        seen = await pops.find(tx, "p-1")
    assert (seq, patched, acknowledged) == (1, 2, [True, True])
    assert seen is not None
    assert (seen.state, seen.shown_at, seen.acked_at, seen.acked_by, seen.trace) == (
        "shown",
        at(0.3),
        at(1),
        "a",
        {"took_ms": 800},
    )


async def test_nobody_acknowledges_anothers_card(promised: Database) -> None:
    async with promised.begin() as tx:
        assert not await pops.acknowledge(tx, "p-1", agent="1002", by="a", now=NOW)


async def test_nothing_is_patched_before_it_is_shown_or_after_it_is_taken_back(promised: Database) -> None:
    async with promised.begin() as tx:
        assert await pops.next_seq(tx, "p-1", Shown(None, {}), by="first") is None
        await pops.claim(tx, "p-1", by="first", now=NOW)
        await pops.mark_shown(tx, "p-1", Shown(None, {}), by="first", now=NOW)
        assert await pops.withdraw(tx, "p-1", reason="missed", now=NOW) == 2
        assert await pops.next_seq(tx, "p-1", Shown(None, {}), by="first") is None
        assert await pops.withdraw(tx, "p-1", reason="missed", now=NOW) is None


async def test_a_card_taken_back_and_promised_again_counts_on(promised: Database) -> None:
    async with promised.begin() as tx:
        await pops.claim(tx, "p-1", by="first", now=NOW)
        await pops.mark_shown(tx, "p-1", Shown(None, {}), by="first", now=NOW)
        await pops.withdraw(tx, "p-1", reason="missed", now=NOW)
        await pops.promise_again(tx, "p-1", mode="preview", reason="rang", now=at(20))
        (order,) = await pops.unserved(tx, now=at(30), overdue=timedelta(seconds=2))
        assert order.kind == "show"
        await pops.claim(tx, "p-1", by="second", now=at(30))
        assert await pops.mark_shown(tx, "p-1", Shown(None, {}), by="second", now=at(30)) == 3


async def test_a_call_tells_its_cards_those_a_softphone_asked_for_included(promised: Database) -> None:
    async with promised.pool.connection() as connection:
        await connection.execute(
            b"INSERT INTO pops (id, call_id, agent, state, promised_at) VALUES ('p-9', 'c-42', '1003', 'answered', %s)", (at(5),)
        )
    async with promised.begin() as tx:
        assert [one.id for one in await pops.of_call(tx, call_id="c-42", interaction_id=CALL)] == ["p-1", "p-9"]
        assert [one.id for one in await pops.of_call(tx, call_id="c-42", interaction_id=None)] == ["p-1", "p-9"]
        assert [one.id for one in await pops.of_call(tx, call_id="other", interaction_id=None)] == []


async def test_whom_the_agent_chose_is_noted_on_the_card(promised: Database) -> None:
    async with promised.begin() as tx:
        assert await pops.choose(tx, "p-1", "crm:7")
        assert not await pops.choose(tx, "p-2", "crm:7")
        found = await pops.find(tx, "p-1")
    assert found is not None
    assert found.chosen_ref == "crm:7"


async def test_a_trace_is_forgotten_after_its_time_and_the_card_is_not(promised: Database) -> None:
    async with promised.begin() as tx:
        await pops.claim(tx, "p-1", by="first", now=NOW)
        await pops.mark_shown(tx, "p-1", Shown(None, {"number": {"e164": "+8613800138000"}}), by="first", now=NOW)
        assert await pops.forget_traces(tx, promised_before=at(-1)) == 0
        assert await pops.forget_traces(tx, promised_before=at(1)) == 1
        assert await pops.forget_traces(tx, promised_before=at(1)) == 0
        found = await pops.find(tx, "p-1")
    assert found is not None
    assert (found.trace, found.state) == ({}, "shown")
