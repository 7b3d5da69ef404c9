"""One exchange listened to: how it is dialled, and what its messages mean, compiled once from the manifest."""

import json
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from tieline.connectors.inbound.call_rows import compile_call_row
from tieline.connectors.inbound.rows import UNKNOWN, Row, RowReader
from tieline.connectors.language.paths import compile_path
from tieline.connectors.language.templates import constant_text
from tieline.connectors.language.writing import json_bytes
from tieline.connectors.manifest.stream import AmiStream as AmiDeclared
from tieline.connectors.manifest.stream import AriStream as AriDeclared
from tieline.connectors.manifest.stream import EslStream as EslDeclared
from tieline.connectors.manifest.stream import StreamIntake, StreamKind, Telling
from tieline.connectors.streams.ami import AmiSettings, AmiStream
from tieline.connectors.streams.ari import AriSettings, AriStream
from tieline.connectors.streams.esl import EslSettings, EslStream
from tieline.connectors.streams.memory import CallMemory, settled_conditions
from tieline.connectors.streams.stream import ExchangeStream, Message
from tieline.connectors.wire.transport import trusted_tls
from tieline.domain.errors import VendorMisconfigured
from tieline.security.egress import Egress


class Heard(NamedTuple):
    """A message that means something. `body` holds it whole, with what was known of its call: enough to understand it again."""

    body: bytes
    call_id: str


class Meaning(NamedTuple):
    """What a message means. `events` have the keys of `CallEvent`; `fault`: a row speaks of it, but it cannot be understood."""

    events: tuple[dict[str, Any], ...]
    fault: str = ""


class Listening:
    """The stream of one connection. `memory` belongs to one consumer at a time; `tls`: the connection's own, if it has one."""

    def __init__(self, intake: StreamIntake, config: Mapping[str, Any], *, tls: ssl.SSLContext | None = None) -> None:
        """Compile for settled configuration. Raises: VendorMisconfigured: no such kind, or an unknown zone."""
        self._tls = tls
        self.kind, self._declared = _chosen(intake, config)
        self._config = config
        self._names = [compile_path(path) for path in (*self._declared.call, *self._declared.legs)]
        self._rows = RowReader(_compiled_rows(self._declared, config), split=None)

    def memory(self) -> CallMemory:
        """Return an empty memory."""
        return CallMemory(self._declared, self._config)

    def hear(self, message: Message, memory: CallMemory) -> Heard | None:
        """Take a message in; None: nothing in the manifest speaks of it."""
        completed = memory.complete(message)
        body = json_bytes(completed)
        meaning = self.understand(body)
        return Heard(body, str(completed["call"].get("id", ""))) if meaning.events or meaning.fault else None

    def understand(self, body: bytes) -> Meaning:
        """Return what a message means, now or after a restart: it depends on nothing but the message."""
        reading = self._rows.read({"body": json.loads(body)})
        return Meaning(reading.events, next((fault for fault in reading.faults if fault != UNKNOWN), ""))

    def names(self, message: Message) -> frozenset[str]:
        """Return every id by which a message of a snapshot says that a call is alive."""
        told = (path({"body": message}) for path in self._names)
        return frozenset(name for name in told if isinstance(name, str) and name)

    async def open(self, egress: Egress) -> ExchangeStream:
        """Dial, sign in and subscribe. Raises: ConnectorError."""
        return await _OPENERS[self.kind](self._declared, self._config, egress, self._tls or trusted_tls())


def address_of(intake: StreamIntake, config: Mapping[str, Any]) -> str:
    """Return the address that is dialled, as the egress guard reads it: plain TCP as http, TLS as https."""
    _, declared = _chosen(intake, config)
    if isinstance(declared, AriDeclared):
        return constant_text(declared.base_url, config)
    host = constant_text(declared.host, config)
    host = f"[{host}]" if ":" in host else host
    return f"{'https' if _flag(declared.tls, config) else 'http'}://{host}:{constant_text(declared.port, config)}"


def _chosen(intake: StreamIntake, config: Mapping[str, Any]) -> tuple[StreamKind, Any]:
    kinds = intake.kinds
    kind = constant_text(intake.use, config) if intake.use else next(iter(kinds))
    if kind not in kinds:
        detail = f"the stream is one of {', '.join(kinds)}"
        raise VendorMisconfigured(detail)
    return kind, kinds[kind]  # type: ignore[return-value] # a key of `kinds` is a StreamKind


def _compiled_rows(declared: Telling, config: Mapping[str, Any]) -> list[Row]:
    settled = (
        row.model_copy(update={"when": settled_conditions(row.when, config), "fields": {**declared.fields, **row.fields}})
        for row in declared.events
    )
    return [compile_call_row(row, config) for row in settled]


def _flag(template: str, config: Mapping[str, Any]) -> bool:
    return constant_text(template, config).lower() == "true"


async def _ami(declared: AmiDeclared, config: Mapping[str, Any], egress: Egress, tls: ssl.SSLContext) -> ExchangeStream:
    login = constant_text(declared.login, config)
    settings = AmiSettings(
        host=constant_text(declared.host, config),
        port=constant_text(declared.port, config),
        tls=_flag(declared.tls, config),
        username=constant_text(declared.username, config),
        secret=constant_text(declared.secret, config),
        login="plain" if login == "plain" else "md5",
        subscribe=declared.subscribe,
        snapshot=declared.snapshot,
    )
    return await AmiStream.open(settings, egress, tls=tls)


async def _ari(declared: AriDeclared, config: Mapping[str, Any], egress: Egress, tls: ssl.SSLContext) -> ExchangeStream:
    settings = AriSettings(
        base_url=constant_text(declared.base_url, config).rstrip("/"),
        username=constant_text(declared.username, config),
        password=constant_text(declared.password, config),
        app=constant_text(declared.app, config),
        subscribe=declared.subscribe,
    )
    return await AriStream.open(settings, egress, tls=tls)


async def _esl(declared: EslDeclared, config: Mapping[str, Any], egress: Egress, tls: ssl.SSLContext) -> ExchangeStream:
    settings = EslSettings(
        host=constant_text(declared.host, config),
        port=constant_text(declared.port, config),
        tls=_flag(declared.tls, config),
        password=constant_text(declared.password, config),
        subscribe=declared.subscribe,
        snapshot=declared.snapshot,
    )
    return await EslStream.open(settings, egress, tls=tls)


Opener = Callable[[Any, Mapping[str, Any], Egress, ssl.SSLContext], Awaitable[ExchangeStream]]
_OPENERS: Final[Mapping[str, Opener]] = {
    "ami": _ami,
    "ari": _ari,
    "esl": _esl,
}


def meanings_of(listening: Listening, messages: Sequence[Message]) -> list[Meaning]:
    """Return what a whole conversation means, message by message; what nothing speaks of is left out."""
    memory = listening.memory()
    heard = (listening.hear(message, memory) for message in messages)
    return [listening.understand(one.body) for one in heard if one is not None]
