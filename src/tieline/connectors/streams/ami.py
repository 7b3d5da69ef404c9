"""Asterisk's manager interface: blocks of `Key: Value` lines over TCP, actions answered by their ActionID.

Facts: docs.asterisk.org, "Asterisk Manager Interface (AMI)", and Asterisk 22.10.1 as seen, both 2026-11-22. Signing in goes by
MD5 challenge unless told otherwise. Events stay off until the filter stands, because an answered call is 176 events without it.
The filter dies with the connection, so it is set on every one. `Action: Filter` needs the right `system`; without it everything
comes over the line, and what no row speaks of is dropped here.
"""

import asyncio
import contextlib
import hashlib
import itertools
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import structlog

from tieline.connectors.streams.line import ANSWER_WITHIN_S, Line, target_of
from tieline.connectors.streams.stream import Message, StreamLost, Waiting
from tieline.domain.errors import VendorMisconfigured
from tieline.security.egress import Egress

log = structlog.get_logger()
PING_EVERY_S: Final = 10.0
SILENT_AFTER_S: Final = 16.0
"""Nothing heard for so long, though we ping: the line is half open."""
MOST_HEADERS: Final = 400
MOST_LISTED: Final = 20_000
_HEADER: Final = re.compile(r"([A-Za-z0-9_()-]{1,80}): ?(.*)")


@dataclass(frozen=True, slots=True)
class AmiSettings:
    """How to reach and use the interface, settled. `subscribe`: event names, each with header values it must carry."""

    host: str
    port: str
    tls: bool
    username: str
    secret: str = field(repr=False)
    login: Literal["md5", "plain"]
    subscribe: Mapping[str, Mapping[str, str]]
    snapshot: tuple[str, ...]


@dataclass(slots=True)
class _Asked:
    """An action under way: its answer, and the listing that follows it."""

    answer: asyncio.Future[Message]
    listed: list[Message] = field(default_factory=list)
    complete: asyncio.Event = field(default_factory=asyncio.Event)


class AmiStream:
    """One session."""

    def __init__(self, line: Line) -> None:
        self.filtered = False
        self._line = line
        self._waiting = Waiting()
        self._asked: dict[str, _Asked] = {}
        self._numbers = itertools.count(1)
        self._tasks: list[asyncio.Task[None]] = []

    @classmethod
    async def open(cls, settings: AmiSettings, egress: Egress, *, tls: ssl.SSLContext) -> "AmiStream":
        """Dial, sign in, subscribe. Raises: VendorMisconfigured: refused. StreamLost, VendorUnavailable, EgressForbidden."""
        target = target_of(egress, settings.host, settings.port, tls=settings.tls)
        stream = cls(await Line.dial(target, egress, tls=tls))
        try:
            await stream._begin(settings)
        except BaseException:
            await stream.aclose()
            raise
        return stream

    async def next_messages(self, *, at_most: int) -> list[Message]:
        """Return events. Raises: StreamLost."""
        return await self._waiting.take(at_most=at_most)

    async def snapshot(self) -> list[Message]:
        """Return the events listed by each snapshot action. Raises: StreamLost."""
        listed: list[Message] = []
        for action in self._snapshot:
            listed += await self._list(action)
        return listed

    async def aclose(self) -> None:
        """Hang up."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._line.hang_up()

    async def _begin(self, settings: AmiSettings) -> None:
        self._snapshot = settings.snapshot
        banner = await self._line.read_line(within_s=ANSWER_WITHIN_S)
        if not banner.startswith("Asterisk Call Manager/"):
            raise StreamLost("this is not an Asterisk manager interface", code="stream_unreadable")
        self._tasks.append(asyncio.create_task(self._read(), name="ami"))
        await self._sign_in(settings)
        self.filtered = await self._filter(settings.subscribe)
        await self._ask("Events", EventMask="on")
        self._tasks.append(asyncio.create_task(self._ping(), name="ami-ping"))

    async def _sign_in(self, settings: AmiSettings) -> None:
        proof = {"Secret": settings.secret}
        if settings.login == "md5":
            challenge = str((await self._ask("Challenge", AuthType="MD5")).get("Challenge", ""))
            key = hashlib.md5(f"{challenge}{settings.secret}".encode(), usedforsecurity=False).hexdigest()
            proof = {"AuthType": "MD5", "Key": key}
        answer = await self._ask("Login", Username=settings.username, Events="off", **proof)
        if answer.get("Response") != "Success":
            raise VendorMisconfigured("the exchange refused the user name or the secret", code="stream_sign_in")

    async def _filter(self, subscribe: Mapping[str, Mapping[str, str]]) -> bool:
        answers = [await self._ask("Filter", Operation="Add", Filter=filter_of(name, only)) for name, only in subscribe.items()]
        accepted = all(answer.get("Response") == "Success" for answer in answers)
        if not accepted:
            log.warning("stream.unfiltered", hint="the manager user lacks the right system; every event comes over the line")
        return accepted

    async def _ask(self, action: str, **headers: str) -> Message:
        """Send an action and return its answer. Raises: StreamLost: none in time."""
        asked = await self._send(action, headers)
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                return await asked[1].answer
        except TimeoutError as exc:
            raise StreamLost("the exchange does not answer", code="stream_silent") from exc
        finally:
            self._asked.pop(asked[0], None)

    async def _list(self, action: str) -> list[Message]:
        """Send an action that lists, and return what it listed; nothing where it is not permitted."""
        number, asked = await self._send(action, {})
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                if (await asked.answer).get("Response") != "Success":
                    log.warning("stream.no_snapshot", action=action)
                    raise StreamLost("the manager user may not list the calls", code="stream_no_snapshot")
                await asked.complete.wait()
        except TimeoutError as exc:
            raise StreamLost("the exchange does not answer", code="stream_silent") from exc
        finally:
            self._asked.pop(number, None)
        return asked.listed

    async def _send(self, action: str, headers: Mapping[str, str]) -> tuple[str, _Asked]:
        number = f"tieline-{next(self._numbers)}"
        asked = self._asked[number] = _Asked(asyncio.get_running_loop().create_future())
        lines = {"Action": action, "ActionID": number, **headers}
        await self._line.write("".join(f"{name}: {_one_line(value)}\r\n" for name, value in lines.items()) + "\r\n")
        return number, asked

    async def _read(self) -> None:
        try:
            while True:
                await self._sort(await self._block())
        except StreamLost as exc:
            for asked in self._asked.values():
                if not asked.answer.done():
                    asked.answer.set_exception(exc)
                    asked.answer.exception()
                asked.complete.set()
            await self._waiting.put(exc)

    async def _block(self) -> dict[str, Any]:
        """Read one block. Of a header written twice the first counts. Raises: StreamLost."""
        block: dict[str, Any] = {}
        for _ in range(MOST_HEADERS):
            line = await self._line.read_line(within_s=SILENT_AFTER_S)
            if not line and block:
                return block
            found = _HEADER.fullmatch(line)
            if found:
                block.setdefault(found.group(1), found.group(2))
        raise StreamLost("the exchange sent a block without end", code="stream_unreadable")

    async def _sort(self, block: dict[str, Any]) -> None:
        """Hand a block to whoever waits for it."""
        asked = self._asked.get(block.get("ActionID", ""))
        if "Response" in block:
            if asked is not None and not asked.answer.done():
                asked.answer.set_result(block)
        elif asked is not None:
            if block.get("EventList") == "Complete":
                asked.complete.set()
            elif len(asked.listed) < MOST_LISTED:
                asked.listed.append(block)
        elif "Event" in block:
            await self._waiting.put(block)

    async def _ping(self) -> None:
        """Ask now and then, so that a dead line is noticed: reading ends when nothing comes back."""
        with contextlib.suppress(StreamLost):  # The reader tells of it.
            while True:
                await asyncio.sleep(PING_EVERY_S)
                await self._ask("Ping")


def filter_of(name: str, only: Mapping[str, str]) -> str:
    """Return the filter, a POSIX regular expression over the whole event, that lets one kind of event through."""
    return f"Event: {name}[[:cntrl:]]" + "".join(f".*{header}: {value}[[:cntrl:]]" for header, value in only.items())


def _one_line(value: str) -> str:
    """Nothing from a settings form may begin a header of its own. Raises: VendorMisconfigured."""
    if any(ord(character) < ord(" ") for character in value):
        raise VendorMisconfigured("a setting of the stream holds a control character")
    return value
