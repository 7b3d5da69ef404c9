"""F44: a server that is asked to stop under load (SIGTERM, as every deployment begins) ends what it began and takes nothing new.

Whoever sends is as patient as exchanges are: what was not thanked for is sent again, to whichever server is there.
"""

import asyncio
import itertools
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx
import pytest
from tests.flows.door import KNOWN, LINE, Screen, patiently
from tests.flows.replicas import Deployment, Replica, deployed
from tests.flows.sandbox import Sandbox

from tieline.kit.clock import utc_now

GRACE_S: Final = 25.0
"""The longest a server may take from SIGTERM to its end, whatever is under way (F44); Kubernetes waits 30 s by default."""
SENDERS: Final = 6
AFTERWARDS: Final = 40
"""Calls that must have come in after the signal before the load ends, so that it did come in the middle of it."""
KEPT: Final = """
    SELECT call_key, count(*) FROM interactions JOIN call_events ON interaction_id = interactions.id GROUP BY 1 ORDER BY 1
"""


@pytest.fixture
async def two(database_url: str, tmp_path: Path, sandbox: Sandbox) -> AsyncIterator[Deployment]:
    async with deployed(database_url, tmp_path, sandbox, replicas=2) as running:
        yield running


@pytest.fixture
async def one(database_url: str, tmp_path: Path, sandbox: Sandbox) -> AsyncIterator[Deployment]:
    async with deployed(database_url, tmp_path, sandbox, replicas=1) as running:
        yield running


@dataclass
class Load:
    """Calls that ring, each told until a server has thanked for it; first to the one that is to go."""

    servers: list[Replica]
    thanked: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    numbers: "itertools.count[int]" = field(default_factory=itertools.count)
    enough: bool = False

    async def ring(self) -> None:
        while not self.enough:
            call_id = f"c-{next(self.numbers):05}"
            for server in itertools.chain(self.servers, itertools.repeat(self.servers[-1])):
                if await self._told(server, call_id):
                    self.thanked.append(call_id)
                    break

    async def until_thanked(self, more: int) -> None:
        wanted = len(self.thanked) + more
        async for _ in patiently("calls came to nobody", within_s=60):
            if len(self.thanked) >= wanted:
                return
            await asyncio.sleep(0.005)

    async def _told(self, server: Replica, call_id: str) -> bool:
        try:
            answer = await server.client.post("/v1/call-events", content=ringing(call_id), headers=JSON)
        except httpx.TransportError as exc:
            self.refused.append(type(exc).__name__)
            return False
        assert answer.status_code in {202, 503}, answer.text
        if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
            self.refused.append("503")
        return answer.is_success


JSON: Final = {"content-type": "application/json"}


def ringing(call_id: str, **more: str) -> bytes:
    told = {"call_id": call_id, "type": "ringing", "from": KNOWN, "to": LINE, "at": utc_now().isoformat(), "event_id": call_id}
    return json.dumps({**told, **more}).encode()


@dataclass
class HalfSent:
    """A request of which the server has the head and half of the body: accepted, and not yet answered."""

    body: bytes
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @classmethod
    @asynccontextmanager
    async def to(cls, server: Replica, body: bytes) -> "AsyncIterator[HalfSent]":
        url = httpx.URL(server.url)
        reader, writer = await asyncio.open_connection(url.host, url.port)
        head = f"POST /v1/call-events HTTP/1.1\r\nhost: {url.host}\r\ncontent-type: application/json\r\n"
        writer.write(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body[:40])
        try:
            await writer.drain()
            yield cls(body, reader, writer)
        finally:
            writer.close()

    async def finish(self) -> list[bytes]:
        """Send the rest; return the lines of the answer."""
        self.writer.write(self.body[40:])
        return (await self.reader.read()).split(b"\r\n")


async def takes_nobody(server: Replica) -> None:
    """Wait until nobody new can connect."""
    url = httpx.URL(server.url)
    async for _ in patiently(f"{server.url} still takes new connections", within_s=GRACE_S):
        try:
            _reader, writer = await asyncio.open_connection(url.host, url.port)
        except ConnectionRefusedError:
            return
        writer.close()
        await asyncio.sleep(0.02)


async def has_ended(server: Replica) -> int:
    assert server.process is not None
    async with asyncio.timeout(GRACE_S):
        return await server.process.wait()


@asynccontextmanager
async def desk_at(server: Replica) -> AsyncIterator[Screen]:
    """Follow a server that ends while the block lasts; how the stream does is the browser's business, which resumes at once."""
    screen = Screen("1001")
    following = asyncio.create_task(server.follow(screen, None))
    try:
        await screen.until(lambda heard: heard.of("resync"))
        yield screen
        async with asyncio.timeout(GRACE_S):
            await asyncio.wait([following])
    finally:
        following.cancel()
        with suppress(asyncio.CancelledError, httpx.TransportError):
            await following


async def test_a_server_asked_to_stop_under_load_answers_what_it_began_and_nothing_is_lost_or_doubled(two: Deployment) -> None:
    leaving, staying = two.replicas
    load = Load(two.replicas)
    async with desk_at(leaving) as screen:
        await leaving.tell("ringing", "before", agent="1001")
        await screen.until(lambda heard: heard.card["status"] == "complete", within_s=30)
        async with asyncio.TaskGroup() as group:
            for _ in range(SENDERS):
                group.create_task(load.ring())
            await load.until_thanked(AFTERWARDS)
            async with HalfSent.to(leaving, ringing("begun")) as begun:
                await load.until_thanked(1)
                leaving.ask_to_stop()
                asked_s = time.monotonic()
                await takes_nobody(leaving)
                answer = await begun.finish()
            assert (answer[0], b"connection: close" in answer) == (b"HTTP/1.1 202 Accepted", True)
            await has_ended(leaving)
            assert time.monotonic() - asked_s < GRACE_S
            await load.until_thanked(AFTERWARDS)
            load.enough = True
    assert "ConnectError" in load.refused
    calls = ["before", "begun", *load.thanked]
    assert await two.rows(KEPT) == sorted((call_id, 1) for call_id in calls)
    await staying.tell("ringing", "after", agent="1001")
    async with staying.screen("1001", after=screen.last_id) as resumed:
        await resumed.until(lambda heard: heard.told_of("after"), within_s=30)
    shown = [event.content["call_id"] for event in (*screen.events, *resumed.events) if event.kind == "pop.show"]
    assert (shown, resumed.of("resync")) == (["before", "after"], [])


async def test_a_server_that_is_asked_to_stop_ends_in_time_whoever_holds_on(one: Deployment) -> None:
    """A body that never comes, and a desk that never leaves, hold nothing up."""
    (server,) = one.replicas
    async with desk_at(server), HalfSent.to(server, ringing("never")):
        server.ask_to_stop()
        await has_ended(server)
    assert await one.rows(KEPT) == []
