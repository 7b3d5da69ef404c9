"""A vendor that misbehaves to order, over real sockets: each request is answered by the next step of a script."""

import asyncio
import gzip
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

Step = Callable[["Asked", asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True)
class Asked:
    """One request as it arrived."""

    line: str
    headers: dict[str, str]
    body: bytes
    connection: int
    reader: asyncio.StreamReader = field(repr=False)


@dataclass
class Vendor:
    """The server. The last step of the script is repeated for ever."""

    script: list[Step]
    port: int = 0
    asked: list[Asked] = field(default_factory=list)
    connections: int = 0
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    arrival: asyncio.Condition = field(default_factory=asyncio.Condition)
    left: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def has_been_asked(self, times: int) -> None:
        """Wait until so many requests have arrived, and see that no more have."""
        async with self.arrival:
            await self.arrival.wait_for(lambda: len(self.asked) >= times)
        assert len(self.asked) == times

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.tasks.add(task)
        self.connections += 1
        with suppress(asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            await self._converse(reader, writer, self.connections)
        self.left.set()
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
        self.tasks.discard(task)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        while not writer.is_closing():
            asked = await _read(reader, number)
            self.asked.append(asked)
            async with self.arrival:
                self.arrival.notify_all()
            step = self.script[min(len(self.asked), len(self.script)) - 1]
            await step(asked, writer)
            await writer.drain()


@asynccontextmanager
async def vendor(*script: Step, tls: ssl.SSLContext | None = None) -> AsyncIterator[Vendor]:
    state = Vendor(list(script))
    server = await asyncio.start_server(state.serve, "127.0.0.1", 0, ssl=tls)
    state.port = server.sockets[0].getsockname()[1]
    try:
        yield state
    finally:
        server.close()
        for task in tuple(state.tasks):
            task.cancel()
        await asyncio.gather(*state.tasks, return_exceptions=True)
        await server.wait_closed()


async def _read(reader: asyncio.StreamReader, connection: int) -> Asked:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    line, *lines = head.strip().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (text.partition(":") for text in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Asked(line, headers, body, connection, reader)


def answer(body: bytes = b"{}", *, status: int = 200, content_type: str = "application/json", **headers: str) -> Step:
    named = {
        "content-type": content_type,
        "content-length": str(len(body)),
        **{k.replace("_", "-"): v for k, v in headers.items()},
    }

    async def step(_asked: Asked, writer: asyncio.StreamWriter) -> None:
        head = f"HTTP/1.1 {status} X\r\n" + "".join(f"{name}: {value}\r\n" for name, value in named.items())
        writer.write(head.encode("latin-1") + b"\r\n" + body)

    return step


async def hang(asked: Asked, writer: asyncio.StreamWriter) -> None:
    """Take the request and never answer; ends when the other side hangs up."""
    await asked.reader.read()
    writer.close()


async def trickle(_asked: Asked, writer: asyncio.StreamWriter) -> None:
    """Answer properly, one byte every 50 ms."""
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n")
    for _ in range(1000):
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.05)


async def reset(_asked: Asked, writer: asyncio.StreamWriter) -> None:
    """Take the request, then break the connection with an RST."""
    _abort(writer)


async def hang_up(_asked: Asked, writer: asyncio.StreamWriter) -> None:
    """Take the request, then close without a word."""
    writer.close()


async def break_off(_asked: Asked, writer: asyncio.StreamWriter) -> None:
    """Begin an answer of 100 bytes and break off after 10."""
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n" + b'{"results"')
    await writer.drain()
    writer.close()


async def endless(_asked: Asked, writer: asyncio.StreamWriter) -> None:
    """Send chunks for ever, without saying how many."""
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"10000\r\n" + b" " * 0x10000 + b"\r\n")
        await writer.drain()


def bomb(unfolded_bytes: int) -> Step:
    """A few kilobytes of gzip that unfold to very many."""
    return answer(gzip.compress(b" " * unfolded_bytes), content_encoding="gzip")


def then_close(step: Step) -> Step:
    """Answer, then close the connection without having announced it: the next request on it finds it dead."""

    async def answer_and_close(asked: Asked, writer: asyncio.StreamWriter) -> None:
        await step(asked, writer)
        await writer.drain()
        writer.close()

    return answer_and_close


def _abort(writer: asyncio.StreamWriter) -> None:
    linger = struct.pack("ii", 1, 0)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    writer.transport.abort()
