"""Gives commands to an exchange over its event socket: the wire of hosts written esl:// and, behind a TLS wrapper, esls://.

A request is `API` with a command as JSON: `{command: originate, variables: {…}, words: […]}`. The answer's status is 200, 202 (it
is under way), 400 (`-ERR`, whose word is `error`), 401 (the password) or 409 (the call is there already). Facts: the sources of
mod_event_socket and mod_commands, read 2026-11-26. Words and values stand in a command only if nothing in
them could end it or begin another.
"""

import asyncio
import json
import re
import ssl
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from tieline.connectors.language.writing import as_text, json_bytes
from tieline.connectors.streams.esl import Frame, one_line, read_frame, sign_in
from tieline.connectors.streams.line import Line
from tieline.connectors.streams.stream import StreamLost
from tieline.connectors.wire.messages import Incoming, Outgoing
from tieline.domain.errors import (
    ConnectorError,
    OutcomeUnknown,
    VendorMisconfigured,
    VendorRejected,
    VendorTimeout,
    VendorUnavailable,
)
from tieline.kit.deadline import Deadline
from tieline.security.egress import EXCHANGE, Egress, parse_target

UUID: Final = "origination_uuid"
REFUSED_WITHIN_S: Final = 0.8
"""How long a call that was placed is watched: that nobody is there is told at once, that it rings is not told."""
_WORD: Final = r"^[A-Za-z0-9_.:@/+*#=-]{1,200}$"
_ERROR: Final = re.compile(r"-(?:ERR|USAGE:?)\s*([A-Za-z0-9_]{0,60})")
Word = Annotated[str, Field(pattern=_WORD)]


class Command(BaseModel):
    """What an exchange is told. Only these commands are known; nothing that reconfigures it or runs a program is among them."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    command: Literal["originate", "uuid_kill", "uuid_exists", "status"]
    variables: dict[Annotated[str, Field(pattern=r"^[A-Za-z0-9_]{1,60}$")], Word] = Field(default_factory=dict)
    words: tuple[Word, ...] = Field(default=(), max_length=10)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        """Whom to ring is written with what it is dialled by: of a list that lost its first word, a customer would be rung."""
        if self.command == "originate" and (len(self.words) < 2 or "/" not in self.words[0]):  # noqa: PLR2004 - whom, and what then
            raise ValueError("a call needs whom to ring and what to do then")
        return self

    @property
    def text(self) -> str:
        """The command as the exchange reads it."""
        held = ",".join(f"{name}={value}" for name, value in self.variables.items())
        first, rest = self.words[:1], self.words[1:]
        return " ".join([self.command, *(f"{{{held}}}{word}" if held else word for word in first), *rest])


class CommandWire:
    """A `tieline.connectors.wire.messages.Wire`. Each command has a session; a call outlives that it was placed in."""

    def __init__(self, egress: Egress, *, tls: ssl.SSLContext) -> None:
        self._egress = egress
        self._tls = tls

    async def send(self, outgoing: Outgoing, *, deadline: Deadline) -> Incoming:
        """Give the command. Raises: VendorTimeout, VendorUnavailable: it was not given. OutcomeUnknown. EgressForbidden.

        VendorRejected: a value cannot stand in a command. VendorMisconfigured.
        """
        command, password = _command(outgoing.body), _password(outgoing.headers)
        session = _Session()
        try:
            async with asyncio.timeout_at(deadline.at_s):
                return await session.hold(await self._dial(outgoing.url), command, password)
        except TimeoutError as exc:
            raise _lost(outgoing, session, VendorTimeout("the exchange did not answer in time")) from exc
        except StreamLost as exc:
            raise _lost(outgoing, session, VendorUnavailable("the line to the exchange broke")) from exc
        finally:
            session.hang_up()

    async def aclose(self) -> None:
        """Nothing is kept open."""

    async def _dial(self, url: str) -> Line:
        target = parse_target(url, schemes=EXCHANGE)
        host = f"[{target.host}]" if ":" in target.host else target.host
        plain = "https" if target.scheme == "esls" else "http"
        return await Line.dial(self._egress.check(f"{plain}://{host}:{target.port}"), self._egress, tls=self._tls)


class _Session:
    """One session, and whether the command was given."""

    def __init__(self) -> None:
        self.given = False
        self._line: Line | None = None

    async def hold(self, line: Line, command: Command, password: str) -> Incoming:
        """Sign in and give the command. Raises: StreamLost."""
        self._line = line
        try:
            await sign_in(line, password)
        except VendorMisconfigured as exc:
            if exc.code != "stream_sign_in":
                raise
            return _answer(401, error="PASSWORD")
        if command.command == "originate":
            return await self._place(line, command)
        self.given = True
        return _judged(await self._ask(line, f"api {command.text}"), command)

    async def _place(self, line: Line, command: Command) -> Incoming:
        """Place a call that is not there yet, and watch for a moment whether it is refused."""
        uuid = command.variables.get(UUID, "")
        if uuid and (await self._ask(line, f"api uuid_exists {uuid}")).body.strip() == b"true":
            return _answer(409, uuid=uuid)
        await self._ask(line, "event json BACKGROUND_JOB")
        self.given = True
        reply = await self._ask(line, f"bgapi {command.text}")
        if not reply.reply.startswith("+OK"):
            return _judged(reply, command)
        job = reply.headers.get("job-uuid", reply.reply.partition("Job-UUID:")[2].strip())
        told = await self._outcome(line, job)
        return _answer(202, uuid=uuid) if told is None else _judged(told, command)

    async def _outcome(self, line: Line, job: str) -> Frame | None:
        """Return how a job ended; None: it has not, yet, or the line broke after it had begun."""
        try:
            async with asyncio.timeout(REFUSED_WITHIN_S):
                while True:
                    frame = await read_frame(line, within_s=REFUSED_WITHIN_S)
                    event = _event(frame)
                    if event.get("Job-UUID") == job and job:
                        return Frame({}, str(event.get("_body", "")).encode())
        except (TimeoutError, StreamLost):
            return None

    async def _ask(self, line: Line, text: str) -> Frame:
        await line.write(f"{one_line(text)}\n\n")
        while True:
            frame = await read_frame(line, within_s=60.0)  # The deadline of the call ends it sooner.
            if frame.kind in {"command/reply", "api/response"}:
                return frame

    def hang_up(self) -> None:
        """Close the session."""
        if self._line is not None:
            self._line.hang_up()


def _lost(outgoing: Outgoing, session: _Session, error: ConnectorError) -> ConnectorError:
    """Say what it means that no reply came: a command that was given may have been carried out."""
    if outgoing.read or outgoing.keyed or not session.given:
        return error
    return OutcomeUnknown("the command was given, but no reply came")


def _command(body: bytes | None) -> Command:
    try:
        told = json.loads(body or b"{}")
        variables = {name: as_text(value) for name, value in told.get("variables", {}).items()}
        words = tuple(as_text(word) for word in told.get("words", ()))
        return Command.model_validate({**told, "variables": variables, "words": words})
    except (ValidationError, AttributeError, TypeError) as exc:
        raise VendorRejected("a value cannot stand in a command to the exchange", code="command_refused") from exc


def _password(headers: Mapping[str, str]) -> str:
    kind, _, password = headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer":
        raise VendorMisconfigured("an event socket is signed in to by bearer, whose token is the password")
    return password


def _event(frame: Frame) -> dict[str, Any]:
    try:
        told = json.loads(frame.body) if frame.kind == "text/event-json" else {}
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _judged(frame: Frame, command: Command) -> Incoming:
    """Write a reply as an answer like any other. A command's answer is its body, a refusal of the socket itself a header."""
    text = frame.body.decode(errors="replace").strip() or frame.reply
    refused = _ERROR.match(text)
    if refused:
        return _answer(400, error=refused.group(1) or "ERR")
    named = text.partition("+OK")[2].strip() if command.command == "originate" else ""
    return _answer(200, uuid=named or command.variables.get(UUID, ""), text=text[:4000])


def _answer(status: int, **told: str) -> Incoming:
    body = json_bytes({key: value for key, value in told.items() if value})
    return Incoming(status, {"content-type": "application/json"}, body)
