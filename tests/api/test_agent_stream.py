"""The agents' stream over a real socket: it greets, resumes, says that it lives, and ends with the right to follow it."""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import httpx
import pytest
import uvicorn
from tests.api.front_door import FrontDoor

from tieline.api import agent_stream
from tieline.domain.agent_event import AgentEvent, AgentEventKind

PATIENCE_S = 30.0


class QuietServer(uvicorn.Server):
    """Leaves the test runner's signals alone."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@dataclass
class Wire:
    """The application behind a socket."""

    door: FrontDoor
    client: httpx.AsyncClient

    async def publish(self, seq: int, kind: AgentEventKind = "pop.update", agent: str = "1001") -> int:
        return await self.door.house.channel.publish(AgentEvent(agent, kind, "p1", seq, {"pop_id": "p1"}))

    @contextlib.asynccontextmanager
    async def follow(self, headers: dict[str, str], agent: str = "1001") -> AsyncIterator[AsyncIterator[str]]:
        """Yield the stream's lines."""
        async with self.client.stream("GET", f"/v1/agents/{agent}/pops", headers=headers) as answer:
            assert (answer.status_code, answer.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
            assert answer.headers["cache-control"] == "no-store"
            yield answer.aiter_lines()

    def readers(self) -> int:
        return sum(len(readers) for readers in self.door.house.channel._readers.values())


@pytest.fixture
async def wire(door: FrontDoor) -> AsyncIterator[Wire]:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = QuietServer(uvicorn.Config(door.app, log_level="warning", lifespan="off", timeout_graceful_shutdown=1))
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        base = f"http://127.0.0.1:{listening.getsockname()[1]}"
        async with httpx.AsyncClient(base_url=base, timeout=PATIENCE_S) as client:
            yield Wire(door, client)
        server.should_exit = True
        await serving


async def event(lines: AsyncIterator[str]) -> dict[str, str]:
    """Read one event; comments are skipped."""
    fields: dict[str, str] = {}
    async with asyncio.timeout(PATIENCE_S):
        async for line in lines:
            if not line and fields:
                return fields
            name, colon, value = line.partition(": ")
            if name and colon:
                fields[name] = value
    pytest.fail("the stream ended")


async def greeted(lines: AsyncIterator[str]) -> AsyncIterator[str]:
    """Read the greeting, whatever other tests left on the screen."""
    while (await event(lines))["event"] != "resync":
        pass
    return lines


async def test_a_stream_begins_with_the_present_and_goes_on_with_what_comes(wire: Wire) -> None:
    async with wire.follow(await wire.door.session("1001")) as lines:
        await greeted(lines)
        identifier = await wire.publish(1)
        news = await event(lines)
    assert (news["event"], news["id"], '"seq": 1' in news["data"]) == ("pop.update", str(identifier), True)


async def test_a_stream_resumes_behind_the_last_event(wire: Wire) -> None:
    seen = await wire.publish(1)
    missed = [await wire.publish(2), await wire.publish(3)]
    headers = {**await wire.door.session("1001"), "Last-Event-ID": str(seen)}
    async with wire.follow(headers) as lines:
        assert [int((await event(lines))["id"]) for _ in range(2)] == missed


@pytest.mark.parametrize("position", ["", "abc", "-1", "1.5", "9" * 30, "%31"])
async def test_a_position_that_was_never_ours_starts_over(wire: Wire, position: str) -> None:
    await wire.publish(1, "pop.show")
    async with wire.follow({**await wire.door.session("1001"), "Last-Event-ID": position}) as lines:
        first = await event(lines)
    assert (first["event"], "id" in first) == ("pop.show", False)


async def test_nobody_follows_another_agent_but_who_may(wire: Wire) -> None:
    refused = await wire.client.get("/v1/agents/1002/pops", headers=await wire.door.session("1001"))
    unknown = await wire.client.get("/v1/agents/1001/pops")
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert (unknown.status_code, unknown.json()["code"]) == (401, "auth_failed")
    async with wire.follow(await wire.door.session("supervisor"), agent="1002") as lines:
        await greeted(lines)


async def test_who_looks_at_a_colleagues_screen_sees_what_their_own_role_may_see(wire: Wire) -> None:
    """The agent has the number on the line; the supervisor has not, and gets a card that is masked as every other of theirs."""
    phone = {"raw": "13800138000", "e164": "+8613800138000", "national": "138 0013 8000"}
    card = {"pop_id": "p-watched", "call_id": "c-watched", "seq": 7, "status": "complete", "phone": phone}
    seen = {}
    for who in ("watched", "supervisor"):
        header = await wire.door.session(who) if who == "supervisor" else await wire.door.signed("pops.read")
        async with wire.follow(header, agent="1002") as lines:
            await greeted(lines)
            await wire.door.house.channel.publish(AgentEvent("1002", "pop.update", "p-watched", 7, card))
            seen[who] = json.loads((await event(lines))["data"])
    assert seen["watched"].items() >= card.items(), "a machine shows the agent what it hears"
    assert seen["supervisor"].items() >= {**card, "phone": seen["supervisor"]["phone"]}.items()
    assert seen["supervisor"].keys() == seen["watched"].keys(), "nothing but the mask"
    assert "****" in seen["supervisor"]["phone"]["e164"]
    assert "38001" not in str(seen["supervisor"]["phone"]).replace(" ", "")


async def test_calls_that_are_over_are_masked_for_who_looks_on_as_well(wire: Wire) -> None:
    phone = {"raw": "13800138000", "e164": "+8613800138000", "national": "138 0013 8000"}
    publish = wire.door.house.channel.publish
    await publish(AgentEvent("agent", "pop.show", "p-over", 1, {"pop_id": "p-over", "phone": phone}))
    await publish(AgentEvent("agent", "pop.withdraw", "p-over", 2, {"pop_id": "p-over", "reason": "call_ended"}))
    async with wire.follow(await wire.door.session("supervisor"), agent="agent") as lines:
        while (heard := await event(lines))["event"] != "resync":
            pass
    ((over,),) = [json.loads(heard["data"])["recent"]]
    assert (over["pop"]["pop_id"], over["reason"], "****" in over["pop"]["phone"]["e164"]) == ("p-over", "call_ended", True)
    assert "38001" not in heard["data"].replace(" ", "")


async def test_a_quiet_stream_says_that_it_lives(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agent_stream, "KEEP_ALIVE_S", 0.05)
    async with wire.follow(await wire.door.session("1001")) as lines, asyncio.timeout(PATIENCE_S):
        assert any([line.startswith(":") async for line in _until_comment(lines)])


async def _until_comment(lines: AsyncIterator[str]) -> AsyncIterator[str]:
    async for line in lines:
        yield line
        if line.startswith(":"):
            return


async def test_a_stream_ends_with_the_session_it_was_opened_by(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agent_stream, "ASK_AGAIN_S", 0.05)
    session = await wire.door.session("1001")
    async with wire.follow(session) as lines:
        await greeted(lines)
        await wire.door.app.state.access.end_session(session["Cookie"].partition("=")[2])
        async with asyncio.timeout(PATIENCE_S):
            assert [line async for line in lines if line] == []


async def test_a_stream_ends_at_the_notice_of_a_change_long_before_its_next_question(
    wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agent_stream, "NOTICE_S", 0.05)
    session = await wire.door.session("1001")
    access = wire.door.app.state.access
    async with wire.follow(session) as lines:
        await greeted(lines)
        await access.end_session(session["Cookie"].partition("=")[2])
        access._keys.forget()  # as the announcement has every replica do
        async with asyncio.timeout(PATIENCE_S):
            assert [line async for line in lines if line] == []


async def test_a_stream_outlives_a_question_that_is_answered_well(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agent_stream, "ASK_AGAIN_S", 0.02)
    async with wire.follow(await wire.door.session("1001")) as lines:
        await greeted(lines)
        await asyncio.sleep(0.2)
        identifier = await wire.publish(1)
        assert (await event(lines))["id"] == str(identifier)


async def test_whoever_leaves_is_forgotten(wire: Wire) -> None:
    before = wire.readers()
    async with wire.follow(await wire.door.session("1001")) as lines:
        await greeted(lines)
        assert wire.readers() == before + 1
    async with asyncio.timeout(PATIENCE_S):
        while wire.readers() != before:  # noqa: ASYNC110 - the server tells nobody when it notices
            await asyncio.sleep(0.01)


async def test_many_follow_at_once_and_each_gets_everything(wire: Wire) -> None:
    session = await wire.door.session("1001")

    async def read_three() -> list[str]:
        async with wire.follow(session) as lines:
            await greeted(lines)
            ready.release()
            return [(await event(lines))["id"] for _ in range(3)]

    ready = asyncio.Semaphore(0)
    followers = [asyncio.create_task(read_three()) for _ in range(5)]
    for _ in followers:
        await ready.acquire()
    sent = [str(await wire.publish(seq)) for seq in range(1, 4)]
    assert await asyncio.gather(*followers) == [sent] * 5
