"""FreeSWITCH's event socket: header lines, a blank line, and as many bytes as Content-Length says.

Facts: the sources of mod_event_socket, read 2026-11-22 (docs: developer.signalwire.com/freeswitch). Not seen against a running
FreeSWITCH. Events raised while nobody listens are lost.
"""

import asyncio
import contextlib
import json
import ssl
from dataclasses import dataclass, field
from typing import Any, Final

from tieline.connectors.streams.line import ANSWER_WITHIN_S, Line, target_of
from tieline.connectors.streams.stream import Message, StreamLost, Waiting
from tieline.domain.errors import VendorMisconfigured
from tieline.security.egress import Egress

PING_EVERY_S: Final = 10.0
SILENT_AFTER_S: Final = 16.0
LARGEST_BODY_BYTES: Final = 8_388_608
MOST_HEADERS: Final = 100
LISTED: Final = "CHANNEL_LISTED"
"""The name we give a channel of the snapshot, which has none of its own."""


@dataclass(frozen=True, slots=True)
class EslSettings:
    """How to reach and use the socket, settled."""

    host: str
    port: str
    tls: bool
    password: str = field(repr=False)
    subscribe: tuple[str, ...]
    snapshot: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Frame:
    """One thing said: its headers and its body."""

    headers: dict[str, str]
    body: bytes

    @property
    def kind(self) -> str:
        """The content type."""
        return self.headers.get("content-type", "")

    @property
    def reply(self) -> str:
        """What a command is answered."""
        return self.headers.get("reply-text", "")


async def read_frame(line: Line, *, within_s: float) -> Frame:
    """Read one frame. Raises: StreamLost: hung up, silent, or larger than a frame may be."""
    headers: dict[str, str] = {}
    for _ in range(MOST_HEADERS):
        text = await line.read_line(within_s=within_s)
        if not text and headers:
            break
        name, colon, value = text.partition(":")
        if colon:
            headers[name.strip().lower()] = value.strip()
    else:
        raise StreamLost("the exchange sent a frame without end", code="stream_unreadable")
    length = headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > LARGEST_BODY_BYTES:
        raise StreamLost("the exchange sent a frame that is too large", code="stream_unreadable")
    return Frame(headers, await line.read_exactly(int(length), within_s=within_s) if int(length) else b"")


async def sign_in(line: Line, password: str) -> None:
    """Answer the greeting. Raises: VendorMisconfigured: the password is wrong. StreamLost."""
    greeting = await read_frame(line, within_s=ANSWER_WITHIN_S)
    if greeting.kind != "auth/request":
        raise StreamLost("this is not an event socket, or it does not let us in", code="stream_unreadable")
    await line.write(f"auth {one_line(password)}\n\n")
    answer = await read_frame(line, within_s=ANSWER_WITHIN_S)
    if not answer.reply.startswith("+OK"):
        raise VendorMisconfigured("the exchange refused the password", code="stream_sign_in")


def one_line(text: str) -> str:
    """Nothing put into a command may end it and begin another. Raises: VendorMisconfigured."""
    if any(ord(character) < ord(" ") for character in text):
        raise VendorMisconfigured("a command to the exchange would hold a control character")
    return text


class EslStream:
    """One session. Commands are answered in the order they were sent."""

    def __init__(self, line: Line, snapshot: tuple[str, ...]) -> None:
        self.filtered = True
        self._line = line
        self._snapshot = snapshot
        self._waiting = Waiting()
        self._answers: list[asyncio.Future[Frame]] = []
        self._tasks: list[asyncio.Task[None]] = []

    @classmethod
    async def open(cls, settings: EslSettings, egress: Egress, *, tls: ssl.SSLContext) -> "EslStream":
        """Dial, sign in, subscribe. Raises: VendorMisconfigured: refused. StreamLost, VendorUnavailable, EgressForbidden."""
        target = target_of(egress, settings.host, settings.port, tls=settings.tls)
        stream = cls(await Line.dial(target, egress, tls=tls), settings.snapshot)
        try:
            await sign_in(stream._line, settings.password)
            stream._tasks.append(asyncio.create_task(stream._read(), name="esl"))
            await stream._subscribe(settings.subscribe)
            stream._tasks.append(asyncio.create_task(stream._ping(), name="esl-ping"))
        except BaseException:
            await stream.aclose()
            raise
        return stream

    async def next_messages(self, *, at_most: int) -> list[Message]:
        """Return events. Raises: StreamLost."""
        return await self._waiting.take(at_most=at_most)

    async def snapshot(self) -> list[Message]:
        """Return the rows of each snapshot command, each as an event named `CHANNEL_LISTED`. Raises: StreamLost."""
        rows: list[Any] = []
        for command in self._snapshot:
            found = _json((await self._ask(f"api {command}")).body)
            if not isinstance(found, dict):
                raise StreamLost("the exchange does not list its channels", code="stream_no_snapshot")
            rows += found.get("rows") or []
        return [{**row, "Event-Name": LISTED} for row in rows if isinstance(row, dict)]

    async def aclose(self) -> None:
        """Hang up."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._line.hang_up()

    async def _subscribe(self, names: tuple[str, ...]) -> None:
        """Subclasses of CUSTOM are written `CUSTOM:callcenter::info` and sent last, because every word after CUSTOM is one."""
        plain = [name for name in names if ":" not in name]
        custom = [name.partition(":")[2] for name in names if name.startswith("CUSTOM:")]
        words = [*plain, *(["CUSTOM", *custom] if custom else [])]
        answer = await self._ask(f"event json {' '.join(words)}")
        if not answer.reply.startswith("+OK"):
            raise VendorMisconfigured("the exchange does not let this user listen", code="stream_sign_in")

    async def _ask(self, command: str) -> Frame:
        answer: asyncio.Future[Frame] = asyncio.get_running_loop().create_future()
        self._answers.append(answer)
        await self._line.write(f"{one_line(command)}\n\n")
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                return await answer
        except TimeoutError as exc:
            raise StreamLost("the exchange does not answer", code="stream_silent") from exc

    async def _read(self) -> None:
        try:
            while True:
                await self._sort(await read_frame(self._line, within_s=SILENT_AFTER_S))
        except StreamLost as exc:
            for answer in self._answers:
                if not answer.done():
                    answer.set_exception(exc)
                    answer.exception()
            await self._waiting.put(exc)

    async def _sort(self, frame: Frame) -> None:
        match frame.kind:
            case "command/reply" | "api/response":
                if self._answers and not (answer := self._answers.pop(0)).done():
                    answer.set_result(frame)
            case "text/event-json":
                event = _json(frame.body)
                if isinstance(event, dict):
                    await self._waiting.put(event)
            case "text/disconnect-notice":
                raise StreamLost

    async def _ping(self) -> None:
        """Ask now and then; any answer, even a refusal, shows that the line lives."""
        with contextlib.suppress(StreamLost):  # The reader tells of it.
            while True:
                await asyncio.sleep(PING_EVERY_S)
                await self._ask("api status")


def _json(text: bytes) -> Any:  # noqa: ANN401 - whatever was sent
    try:
        return json.loads(text)
    except ValueError:
        return None
