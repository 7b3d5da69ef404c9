"""An Asterisk manager interface on a real socket, which says what it is told to and fails as the real one does."""

import asyncio
import contextlib
import hashlib
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

CHALLENGE = "840415273"
SECRET = "ami-secret"
BANNER = b"Asterisk Call Manager/11.0.0\r\n"
Headers = Mapping[str, str]


def block(headers: Headers) -> bytes:
    return "".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode() + b"\r\n"


@dataclass
class AmiExchange:
    """The exchange. `listed` is what it says goes on; `deaf`: it keeps lines open and answers nothing."""

    port: int = 0
    listed: list[Headers] = field(default_factory=list)
    sign_in_s: float = 0.0
    may_filter: bool = True
    deaf: bool = False
    sessions: int = 0
    filters: list[list[str]] = field(default_factory=list)
    refused: int = 0
    lines: list["_Session"] = field(default_factory=list)

    def say(self, *events: Headers) -> None:
        """Tell events to everyone who listens and let through by their filter."""
        for line in self.lines:
            for event in events:
                line.tell(event)

    def hang_up(self, *, after: bytes = b"") -> None:
        """End every line at once, perhaps in the middle of something."""
        for line in self.lines:
            line.writer.write(after)
            line.writer.close()
        self.lines.clear()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = _Session(self, writer)
        writer.write(BANNER)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                text = (await reader.readuntil(b"\r\n\r\n")).decode()
                await session.answer(dict(line.split(": ", 1) for line in text.strip().split("\r\n")))
        writer.close()


@dataclass
class _Session:
    exchange: AmiExchange
    writer: asyncio.StreamWriter
    filters: list[str] = field(default_factory=list)

    def tell(self, event: Headers) -> None:
        said = block(event)
        if not self.exchange.may_filter or any(re.search(_python(one), said.decode(), re.DOTALL) for one in self.filters):
            self.writer.write(said)

    async def answer(self, action: Headers) -> None:
        if self.exchange.deaf:
            return
        name, number = action["Action"], action["ActionID"]
        match name:
            case "Challenge":
                self._reply(number, Challenge=CHALLENGE)
            case "Login":
                await self._sign_in(number, action)
            case "Filter" if self.exchange.may_filter:
                self.filters.append(action["Filter"])
                self._reply(number)
            case "Filter":
                self._reply(number, Response="Error", Message="Permission denied")
            case "Events":
                self.exchange.lines.append(self)
                self.exchange.filters.append(self.filters)
                self._reply(number)
            case "CoreShowChannels":
                self._list(number)
            case _:
                self._reply(number)

    async def _sign_in(self, number: str, action: Headers) -> None:
        await asyncio.sleep(self.exchange.sign_in_s)
        if action.get("Key") == hashlib.md5(f"{CHALLENGE}{SECRET}".encode(), usedforsecurity=False).hexdigest():
            self.exchange.sessions += 1
            self._reply(number, Message="Authentication accepted")
        else:
            self.exchange.refused += 1
            self._reply(number, Response="Error", Message="Authentication failed")

    def _list(self, number: str) -> None:
        self._reply(number, EventList="start")
        for channel in self.exchange.listed:
            self.writer.write(block({"Event": "CoreShowChannel", "ActionID": number, **channel}))
        self.writer.write(block({"Event": "CoreShowChannelsComplete", "ActionID": number, "EventList": "Complete"}))

    def _reply(self, number: str, **headers: str) -> None:
        self.writer.write(block({"Response": "Success", "ActionID": number, **headers}))


def _python(posix: str) -> str:
    return posix.replace("[[:cntrl:]]", "[\x00-\x1f]")


@contextlib.asynccontextmanager
async def open_exchange(port: int = 0) -> AsyncIterator[AmiExchange]:
    """Serve an exchange on loopback."""
    exchange = AmiExchange()
    server = await asyncio.start_server(exchange.serve, "127.0.0.1", port)
    exchange.port = server.sockets[0].getsockname()[1]
    try:
        yield exchange
    finally:
        exchange.hang_up()
        server.close()
