"""`kill -9` of the server while a telephone rings: after the restart the card is there, once, and nothing is missing.

A lock in the database holds the server at an exact step, so that it dies there and nowhere else.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import pytest
from tests.flows.door import KNOWN, Json, Screen, patiently
from tests.flows.replicas import Deployment, deployed
from tests.flows.sandbox import Sandbox
from tests.waiting import ADVISORY_HERE

LOCK: Final = 4711
HOLD: Final = f"""
    CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN PERFORM pg_advisory_xact_lock({LOCK}); RETURN NEW; END';
"""
STEPS: Final = {
    "before it is claimed": "UPDATE ON pops FOR EACH ROW WHEN (NEW.state = 'claimed')",
    "before it is audited": "INSERT ON audit_entries FOR EACH ROW",
    "before it is shown": "UPDATE ON pops FOR EACH ROW WHEN (NEW.state = 'shown')",
    "before it is published": "INSERT ON agent_events FOR EACH ROW",
}
WAITING: Final = f"SELECT count(*) FROM pg_locks WHERE {ADVISORY_HERE} AND objid = 4711 AND NOT granted"  # noqa: S608 - our own words


@pytest.fixture
async def one(database_url: str, tmp_path: Path, sandbox: Sandbox) -> AsyncIterator[Deployment]:
    """One server in a process of its own."""
    async with deployed(database_url, tmp_path, sandbox, replicas=1, late_answer_ms=1000) as running:
        yield running


@asynccontextmanager
async def held(deployment: Deployment, step: str) -> AsyncIterator[None]:
    """Let no transaction pass a step while the block lasts."""
    await deployment.change(HOLD)
    await deployment.change(f"CREATE TRIGGER hold BEFORE {STEPS[step]} EXECUTE FUNCTION hold()")
    async with deployment.database.pool.connection() as keeper:
        await keeper.execute(f"SELECT pg_advisory_lock({LOCK})".encode())
        try:
            yield
        finally:
            await keeper.execute(f"SELECT pg_advisory_unlock({LOCK})".encode())
            await keeper.execute(b"DROP FUNCTION hold() CASCADE")


async def is_held(deployment: Deployment) -> None:
    async for _ in patiently("the server never came to the step"):
        if await deployment.rows(WAITING) != [(0,)]:
            return


async def later(deployment: Deployment) -> None:
    """Let the time pass after which a claim counts as a dead server's."""
    await deployment.change(
        "UPDATE pops SET promised_at = promised_at - interval '20 s', claimed_at = claimed_at - interval '20 s', "
        "shown_at = shown_at - interval '20 s'"
    )


async def sent(deployment: Deployment, kind: str) -> list[tuple[str, int]]:
    found = await deployment.rows(f"SELECT pop_id, seq FROM agent_events WHERE kind = '{kind}' ORDER BY id")  # noqa: S608 - ours
    return [(pop_id, seq) for pop_id, seq in found]


def complete(screen: Screen) -> Json | None:
    return screen.card if screen.card["status"] == "complete" else None


@pytest.mark.parametrize("step", STEPS)
async def test_a_server_that_dies_between_the_reply_and_the_card_shows_it_once_when_it_is_back(
    one: Deployment, step: str
) -> None:
    (server,) = one.replicas
    async with held(one, step):
        receipt = await server.tell("ringing", "c-1", agent="1001", queue="support")
        assert receipt == {"call_id": "c-1", "accepted": True, "duplicate": False}
        await is_held(one)
        await server.kill()
    ((promised,),) = await one.rows("SELECT id FROM pops")
    assert await sent(one, "pop.show") == []
    await later(one)
    await server.start()
    async with server.screen("1001") as screen:
        await screen.until(complete)
    assert await sent(one, "pop.show") == [(promised, 1)]
    assert {event.content["pop_id"] for event in screen.events if event.kind != "resync"} == {promised}
    assert (screen.card["phone"]["e164"], screen.card["match"]["state"]) == (KNOWN, "known")
    assert await one.rows("SELECT state, count(*) FROM pops GROUP BY state") == [("shown", 1)]
    assert (await server.tell("ringing", "c-1", agent="1001", queue="support"))["duplicate"] is False


async def test_a_server_without_a_worker_takes_up_its_own_claim_as_soon_as_it_lapses(one: Deployment) -> None:
    (server,) = one.replicas
    server.with_worker = False
    async with held(one, "before it is shown"):
        await server.tell("ringing", "c-1", agent="1001")
        await is_held(one)
        await server.kill()
    await server.start()
    async with server.screen("1001") as screen:
        await screen.until(complete, within_s=20)
    ((promised,),) = await one.rows("SELECT id FROM pops")
    assert await sent(one, "pop.show") == [(promised, 1)]


async def test_what_a_dead_server_had_claimed_another_one_shows(database_url: str, tmp_path: Path, sandbox: Sandbox) -> None:
    async with deployed(database_url, tmp_path, sandbox, replicas=2) as running:
        dying, living = running.replicas
        async with living.screen("1001") as screen:
            async with held(running, "before it is shown"):
                await dying.tell("ringing", "c-1", agent="1001")
                await is_held(running)
                await dying.kill()
            await later(running)
            await screen.until(complete)
        ((promised,),) = await running.rows("SELECT id FROM pops")
        assert await sent(running, "pop.show") == [(promised, 1)]


async def test_a_server_that_dies_with_answers_outstanding_completes_the_card_when_it_is_back(one: Deployment) -> None:
    (server,) = one.replicas
    one.sandbox.turn("crm", hang=True)
    async with server.screen("1001") as screen:
        await server.tell("ringing", "c-1", agent="1001")
        await screen.until(lambda heard: heard.card["blocks"]["orders"]["state"] == "live")
        await server.kill()
    seen = screen.card
    assert (seen["status"], seen["blocks"]["profile"]["pending"]) == ("partial", True)
    one.sandbox.turn("crm")
    await later(one)
    await server.start()
    async with server.screen("1001", after=screen.last_id) as resumed:
        await resumed.until(complete)
    assert [event.kind for event in resumed.events if event.kind == "pop.show"] == [], "the card was there already"
    assert resumed.card["pop_id"] == seen["pop_id"]
    assert resumed.card["seq"] > seen["seq"]
    assert (resumed.card["blocks"]["profile"]["state"], resumed.card["customer"]["name"]) == ("live", "张**")
    assert await sent(one, "pop.show") == [(seen["pop_id"], 1)]


async def test_a_call_that_ends_while_the_server_is_away_is_told_when_the_exchange_repeats_it(one: Deployment) -> None:
    (server,) = one.replicas
    async with server.screen("1001") as screen:
        await server.tell("ringing", "c-1", agent="1001")
        await screen.until(complete)
        await server.kill()
    await server.start()
    async with server.screen("1001", after=screen.last_id) as resumed:
        await server.tell("ended", "c-1", outcome="missed_agent")
        await resumed.until(lambda heard: heard.of("pop.withdraw"))
    assert resumed.of("pop.withdraw")[0]["pop_id"] == screen.card["pop_id"]
    assert await sent(one, "pop.show") == [(screen.card["pop_id"], 1)]
