"""What one connection may send before it has proven anything, over real sockets: so much, so many at once; nobody else waits."""

import asyncio
import contextlib
import shutil
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvicorn
from tests.api.test_wire import Quiet
from tests.flows.door import patiently
from tests.flows.house_fixtures import new_database
from tests.webhooks import shop
from tests.webhooks.shop import CONNECTOR, TOKEN, Shop, open_shop

from tieline.api import wire

MOST, AT_ONCE = 2048, 2
BODIES = f"inbound:\n  bodies: {{most_bytes: {MOST}, at_once: {AT_ONCE}}}\n"
EVENTS = b'{"events":[{"kind":"ping","pad":"%s"}]}'


@dataclass
class Wire:
    """The server's port, and the house behind it."""

    shop: Shop
    port: int

    async def begin(self, name: str, *headers: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Send the head of a webhook and nothing else."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        head = [
            f"POST /v1/webhooks/{name} HTTP/1.1",
            "Host: 127.0.0.1",
            "Content-Type: application/json",
            f"X-Shop-Token: {TOKEN}",
        ]
        writer.write("\r\n".join([*head, *headers, "", ""]).encode())
        await writer.drain()
        return reader, writer

    async def send(self, name: str, body: bytes) -> tuple[int, str]:
        """Send a whole webhook."""
        reader, writer = await self.begin(name, f"Content-Length: {len(body)}")
        writer.write(body)
        return await answered(reader, writer)


async def answered(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> tuple[int, str]:
    """Return the status and the head of an answer, then hang up."""
    try:
        head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 90)).decode()
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
    return int(head.split()[1]), head.lower()


@pytest.fixture(scope="module")
async def door(postgres_url: str, template_database: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Wire]:
    """A house with two shops: one as everybody, one that may send little."""
    folder: Path = tmp_path_factory.mktemp("doors")
    tight = folder / "tight"
    shutil.copytree(CONNECTOR, tight)
    manifest = (tight / "connector.yaml").read_text().replace("id: shop\n", "id: tight\n").replace("inbound:\n", BODIES)
    (tight / "connector.yaml").write_text(manifest)
    with pytest.MonkeyPatch.context() as patch, new_database(postgres_url, template_database) as url:
        patch.setenv("TIELINE_TEST_SHOP_TOKEN", TOKEN)
        ours = next(line for line in shop.SET_UP.splitlines(keepends=True) if line.startswith("  shop:"))
        second = ours.replace("shop:", "tight:").replace("{connector}", str(tight))
        patch.setattr(shop, "SET_UP", shop.SET_UP.replace("sources:", f"{second}sources:"))
        async with open_shop(url, folder) as opened:
            listener = socket.create_server(("127.0.0.1", 0))
            server = Quiet(uvicorn.Config(opened.app, lifespan="off", **wire.server_options()))
            serving = asyncio.create_task(server.serve([listener]))
            yield Wire(opened, int(listener.getsockname()[1]))
            server.should_exit = True
            await serving


async def test_what_announces_more_than_it_may_is_refused_before_it_is_sent(door: Wire) -> None:
    status, head = await answered(*await door.begin("tight", f"Content-Length: {MOST + 1}"))
    assert (status, "problem+json" in head) == (413, True)
    assert (await door.send("tight", EVENTS % (b"x" * 100)))[0] == 202
    assert (await door.send("shop", EVENTS % (b"x" * 3 * MOST)))[0] == 202, "another connection may send more"


async def test_what_announces_nothing_is_refused_at_the_first_piece_beyond(door: Wire) -> None:
    reader, writer = await door.begin("tight", "Transfer-Encoding: chunked")
    for _ in range(2):
        writer.write(b"400\r\n" + b"x" * 1024 + b"\r\n")  # up to the bound
    await writer.drain()
    writer.write(b"1\r\nx\r\n")  # and one byte more; the end is never sent
    status, _ = await answered(reader, writer)
    assert status == 413


async def test_nothing_is_read_for_a_connection_there_is_not(door: Wire) -> None:
    status, _ = await answered(*await door.begin("nobody", "Content-Length: 1000"))
    assert status == 404


async def test_a_flood_at_one_door_is_told_to_come_again_and_leaves_the_others_open(door: Wire) -> None:
    body = EVENTS % b"x"
    slow = [await door.begin("tight", f"Content-Length: {len(body)}") for _ in range(AT_ONCE)]
    for _, writer in slow:
        writer.write(body[:5])
        await writer.drain()
    reading = door.shop.app.state.bodies.turns._reading
    async for _ in patiently("the slow ones never began"):
        if reading["tight"] == AT_ONCE:
            break
    status, head = await door.send("tight", body)
    assert (status, "retry-after: " in head) == (503, True)
    assert (await door.send("shop", body))[0] == 202
    for reader, writer in slow:
        writer.write(body[5:])
        assert (await answered(reader, writer))[0] == 202
    assert (await door.send("tight", body))[0] == 202
    assert dict(reading) == {}, "every turn is given back"
