"""Sessions are listed and ended: by oneself, by whoever manages keys, on every replica, streams included (S09, S42)."""

import asyncio

import pytest
from tests.api.front_door import FrontDoor, rows, statuses

from tieline.doors import app_of

MINE = "/v1/agents/1001/sessions"


async def test_an_agent_sees_and_ends_their_own_sessions_and_nobody_elses(door: FrontDoor) -> None:
    here, there = await door.session("1001"), await door.session("1001")
    listed = (await door.ask("GET", MINE, headers=here)).json()["items"]
    assert len(listed) >= 2
    assert set(listed[0]) == {"id", "role", "by", "device", "address", "created_at", "last_seen_at", "expires_at"}
    assert not any(here["Cookie"].partition("=")[2] in str(one) for one in listed)
    newest = listed[0]["id"]
    ended = await door.ask("DELETE", f"{MINE}/{newest}", headers=here)
    assert ended.json() == {"ended": 1}
    assert (await door.ask("GET", MINE, headers=there)).status_code == 401
    assert (await door.ask("DELETE", f"{MINE}/{newest}", headers=here)).status_code == 404
    for method, target in (("GET", "/v1/agents/1002/sessions"), ("DELETE", "/v1/agents/1002/sessions")):
        assert (await door.ask(method, target, headers=here)).status_code == 403
    supervisor = await door.session("supervisor")
    assert (await door.ask("GET", MINE, headers=supervisor)).status_code == 403, "to lead is not to administer"


async def test_an_administrator_signs_somebody_out_everywhere_and_it_is_written_down(door: FrontDoor) -> None:
    cookies = [await door.session("1002") for _ in range(3)]
    answer = await door.ask("DELETE", "/v1/agents/1002/sessions", headers=await door.session("admin"))
    assert answer.json()["ended"] >= 3
    assert [(await door.ask("GET", "/desk", headers=cookie)).status_code for cookie in cookies] == [303, 303, 303]
    last = await rows(door, "SELECT actor, details FROM audit_entries WHERE subject = 'agent:1002' ORDER BY seq DESC LIMIT 1")
    assert last == [("agent:admin", {"sessions": answer.json()["ended"]})]


async def test_what_ends_on_one_replica_has_ended_on_another(door: FrontDoor) -> None:
    """Two applications on one database: the very next request is refused, without any waiting."""
    other = FrontDoor(app_of(door.house, door.settings), door.house, door.settings)
    cookie = await door.session("senior")
    assert await statuses(other, cookie, "/v1/agents/senior/sessions") == (200, None)
    await door.ask("DELETE", "/v1/agents/senior/sessions", headers=await door.session("admin"))
    assert await statuses(other, cookie, "/v1/agents/senior/sessions") == (401, "auth_failed")


async def test_a_replica_hears_within_five_seconds_that_something_changed(door: FrontDoor) -> None:
    other = FrontDoor(app_of(door.house, door.settings), door.house, door.settings)
    async with other.app.router.lifespan_context(other.app), asyncio.timeout(60):
        while not (heard := other.app.state.access.changes):  # noqa: ASYNC110 - the first sign that it listens
            await asyncio.sleep(0.01)
        await door.session("qa")
        await door.ask("DELETE", "/v1/agents/qa/sessions", headers=await door.session("admin"))
        async with asyncio.timeout(20):
            while other.app.state.access.changes == heard:  # noqa: ASYNC110 - the other end is Postgres
                await asyncio.sleep(0.01)


@pytest.mark.parametrize("role", ["agent", "supervisor", "auditor"])
async def test_only_whoever_manages_keys_unbinds_accounts(door: FrontDoor, role: str) -> None:
    target = "/v1/agents/1001/identities"
    assert (await door.ask("DELETE", target, headers=await door.session(role))).status_code == 403
    assert (await door.ask("DELETE", target, headers=await door.session("admin"))).json() == {"ended": 0}
