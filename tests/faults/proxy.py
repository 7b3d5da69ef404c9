"""A fault proxy between us and a system: every exchange passes a rule, which may do to it what networks and systems do.

A rule is an async function of one `Exchange`. Everything that passed is written down, so that a test can count. Faults of the
wire below HTTP (slow lines, endless bodies, bombs) are told by `tests/faults/vendor.py`, which needs no system behind it.
"""

import asyncio
import socket
import struct
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

HEAD_END: Final = b"\r\n\r\n"


@dataclass
class Exchange:
    """One request on its way. `reply` is what the system answered, once it was asked."""

    upstream: int
    head: bytes
    reader: asyncio.StreamReader = field(repr=False)
    writer: asyncio.StreamWriter = field(repr=False)
    body: bytes = b""
    reply: bytes = b""
    sent: int = 0
    forwarded: int = 0

    @property
    def length(self) -> int:
        return _length(self.head)

    async def read(self, most: int | None = None) -> bytes:
        """Read the rest of the body, or so many bytes of it."""
        wanted = self.length - len(self.body)
        self.body += await self.reader.readexactly(min(wanted, most) if most is not None else wanted)
        return self.body

    async def forward(self) -> bytes:
        """Let the system have the whole request, and return its whole answer."""
        await self.read()
        reader, writer = await asyncio.open_connection("127.0.0.1", self.upstream)
        writer.write(self.head + self.body)
        self.forwarded += 1
        head = await reader.readuntil(HEAD_END)
        self.reply = head + await reader.readexactly(_length(head))
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
        return self.reply

    async def answer(self, raw: bytes) -> None:
        """Send bytes back."""
        self.sent += len(raw)
        self.writer.write(raw)
        await self.writer.drain()

    def reset(self) -> None:
        """Break the connection with an RST."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


Rule = Callable[[Exchange], Awaitable[None]]


@dataclass
class Passed:
    """What passed once: when (seconds, monotonic), how often the system got it, how many bytes went back."""

    at_s: float
    line: str
    forwarded: int
    sent: int


async def pass_on(exchange: Exchange) -> None:
    await exchange.answer(await exchange.forward())


async def deliver_then_drop(exchange: Exchange) -> None:
    """The system does it, and nobody hears: the exactly-once killer."""
    await exchange.forward()
    exchange.reset()


async def drop_before(exchange: Exchange) -> None:
    await exchange.read()
    exchange.reset()


async def twice(exchange: Exchange) -> None:
    """The network repeats the request."""
    await exchange.forward()
    await exchange.answer(await exchange.forward())


async def hang(exchange: Exchange) -> None:
    await exchange.read()
    await exchange.reader.read()


async def truncate(exchange: Exchange) -> None:
    """Half of the answer, then the end."""
    reply = await exchange.forward()
    await exchange.answer(reply[: len(reply) - max(1, (len(reply) - reply.index(HEAD_END)) // 2)])
    exchange.writer.close()


async def lie_on_length(exchange: Exchange) -> None:
    """The answer claims to be longer than it is."""
    reply = await exchange.forward()
    head, _, body = reply.partition(HEAD_END)
    honest = f"content-length: {len(body)}".encode()
    await exchange.answer(head.lower().replace(honest, f"content-length: {len(body) + 10}".encode()) + HEAD_END + body)
    exchange.writer.close()


def status(code: int, body: bytes = b"{}", *, content_type: str = "application/json", **headers: str) -> Rule:
    """The system is never asked; somebody on the way answers."""

    async def rule(exchange: Exchange) -> None:
        await exchange.read()
        named = {"content-type": content_type, "content-length": str(len(body)), **headers}
        lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in named.items())
        await exchange.answer(f"HTTP/1.1 {code} X\r\n{lines}\r\n".encode() + body)

    return rule


def throttled(hint: str | None) -> Rule:
    return status(429) if hint is None else status(429, retry_after=hint)


def login_page() -> Rule:
    return status(200, b"<html>sign in</html>", content_type="text/html")


def late(seconds: float) -> Rule:
    async def rule(exchange: Exchange) -> None:
        reply = await exchange.forward()
        await asyncio.sleep(seconds)
        await exchange.answer(reply)

    return rule


@dataclass
class Proxy:
    """`rules` are used up one by one, then `rule` holds. `connected` runs when a connection is accepted."""

    upstream: int
    rule: Rule = pass_on
    rules: list[Rule] = field(default_factory=list)
    connected: Callable[[], None] = lambda: None
    port: int = 0
    passed: list[Passed] = field(default_factory=list)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.tasks.add(task)
        self.connected()
        with suppress(asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            while not writer.is_closing():
                await self._pass(Exchange(self.upstream, await reader.readuntil(HEAD_END), reader, writer))
        writer.close()
        self.tasks.discard(task)

    async def _pass(self, exchange: Exchange) -> None:
        rule = self.rules.pop(0) if self.rules else self.rule
        line = exchange.head.partition(b"\r\n")[0].decode("latin-1")
        started_s = time.monotonic()
        try:
            await rule(exchange)
        finally:
            self.passed.append(Passed(started_s, line, exchange.forwarded, exchange.sent))


@asynccontextmanager
async def proxy(upstream: int, rule: Rule = pass_on) -> AsyncIterator[Proxy]:
    state = Proxy(upstream, rule)
    server = await asyncio.start_server(state.serve, "127.0.0.1", 0)
    state.port = server.sockets[0].getsockname()[1]
    try:
        yield state
    finally:
        server.close()
        for task in tuple(state.tasks):
            task.cancel()
        await asyncio.gather(*state.tasks, return_exceptions=True)
        await server.wait_closed()


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            return int(value)
    return 0
