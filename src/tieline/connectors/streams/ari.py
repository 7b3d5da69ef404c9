"""Asterisk's REST interface as a stream: events over a WebSocket, the filter and the list of channels over HTTP.

Facts: docs.asterisk.org, "Asterisk REST Interface", and Asterisk 22.10.1 as seen, both 2026-11-22. The filter dies with the
WebSocket. A restart ends it without a close frame. A second socket for one application ends the first (`ApplicationReplaced`).
"""

import asyncio
import base64
import json
import ssl
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote, urlsplit

import structlog
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from tieline.connectors.language.writing import json_bytes
from tieline.connectors.streams.line import ANSWER_WITHIN_S
from tieline.connectors.streams.stream import Message, StreamLost, Waiting
from tieline.connectors.wire.dialling import Dialler
from tieline.connectors.wire.messages import Incoming, Outgoing
from tieline.connectors.wire.transport import HttpWire
from tieline.domain.errors import VendorMisconfigured
from tieline.kit.deadline import Deadline
from tieline.security.egress import Egress

log = structlog.get_logger()
PING_EVERY_S: Final = 10.0
LARGEST_EVENT_BYTES: Final = 262_144
LARGEST_ANSWER_BYTES: Final = 8_388_608
LISTED: Final = "ChannelListed"
"""The type we give a channel of the snapshot, which has none of its own."""


@dataclass(frozen=True, slots=True)
class AriSettings:
    """How to reach and use the interface, settled."""

    base_url: str
    username: str
    password: str = field(repr=False)
    app: str
    subscribe: tuple[str, ...]

    @property
    def headers(self) -> dict[str, str]:
        """The proof of who we are (RFC 7617)."""
        pair = base64.b64encode(f"{self.username}:{self.password}".encode()).decode()
        return {"authorization": f"Basic {pair}"}


class AriStream:
    """One WebSocket and what belongs to it."""

    def __init__(self, settings: AriSettings, socket: ClientConnection, wire: HttpWire) -> None:
        self.filtered = False
        self._settings = settings
        self._socket = socket
        self._wire = wire
        self._waiting = Waiting()
        self._reading = asyncio.create_task(self._read(), name="ari")

    @classmethod
    async def open(cls, settings: AriSettings, egress: Egress, *, tls: ssl.SSLContext) -> "AriStream":
        """Connect, subscribe, filter. Raises: VendorMisconfigured: refused. StreamLost, VendorUnavailable, EgressForbidden."""
        socket = await _open_socket(settings, egress, tls)
        stream = cls(settings, socket, HttpWire(egress, connections=1, response_bytes=LARGEST_ANSWER_BYTES, tls=tls))
        try:
            await stream._filter()
        except BaseException:
            await stream.aclose()
            raise
        return stream

    async def next_messages(self, *, at_most: int) -> list[Message]:
        """Return events. Raises: StreamLost."""
        return await self._waiting.take(at_most=at_most)

    async def snapshot(self) -> list[Message]:
        """Return every channel, each as an event of the type `ChannelListed`. Raises: StreamLost."""
        answer = await self._call(Outgoing("GET", f"{self._settings.base_url}/ari/channels", read=True))
        found = _json(answer.body) if answer.status == 200 else None  # noqa: PLR2004 - OK
        if not isinstance(found, list):
            raise StreamLost("the exchange does not list its channels", code="stream_no_snapshot")
        return [{"type": LISTED, "channel": channel} for channel in found]

    async def aclose(self) -> None:
        """Hang up."""
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)
        self._socket.transport.abort()
        await self._wire.aclose()

    async def _filter(self) -> None:
        wanted = {"allowed": [{"type": name} for name in self._settings.subscribe]}
        url = f"{self._settings.base_url}/ari/applications/{quote(self._settings.app, safe='')}/eventFilter"
        body = json_bytes(wanted)
        put = Outgoing("PUT", url, headers={"content-type": "application/json"}, body=body, read=True)
        self.filtered = (await self._call(put)).status == 200  # noqa: PLR2004 - OK
        if not self.filtered:
            log.warning("stream.unfiltered", hint="the ARI user is read-only; every event comes over the line")

    async def _call(self, outgoing: Outgoing) -> Incoming:
        outgoing.headers |= self._settings.headers
        return await self._wire.send(outgoing, deadline=Deadline.after(ANSWER_WITHIN_S))

    async def _read(self) -> None:
        try:
            async for frame in self._socket:
                event = _json(frame)
                if not isinstance(event, dict):
                    continue
                if event.get("type") == "ApplicationReplaced":
                    await self._waiting.put(StreamLost("another program listens for this application", code="stream_replaced"))
                    return
                await self._waiting.put(event)
        except (ConnectionClosed, OSError):
            pass
        await self._waiting.put(StreamLost())


async def _open_socket(settings: AriSettings, egress: Egress, tls: ssl.SSLContext) -> ClientConnection:
    target = egress.check(settings.base_url)
    secure = target.scheme == "https"
    dialler = Dialler(egress, tls=tls)
    try:
        opened = await dialler.dial_socket(target)
    finally:
        await dialler.aclose()
    place = urlsplit(settings.base_url)
    address = f"{'wss' if secure else 'ws'}://{place.netloc}{place.path}/ari/events?app={quote(settings.app)}&subscribeAll=true"
    try:
        return await connect(
            address,
            sock=opened,
            ssl=tls if secure else None,
            server_hostname=target.host if secure else None,
            proxy=None,
            compression=None,
            additional_headers=settings.headers,
            open_timeout=ANSWER_WITHIN_S,
            ping_interval=PING_EVERY_S,
            ping_timeout=ANSWER_WITHIN_S,
            max_size=LARGEST_EVENT_BYTES,
        )
    except InvalidStatus as exc:
        if exc.response.status_code in {401, 403}:
            raise VendorMisconfigured("the exchange refused the user name or the password", code="stream_sign_in") from exc
        raise StreamLost from exc
    except ssl.SSLError as exc:
        raise VendorMisconfigured("the server's certificate cannot be trusted", code="upstream_tls") from exc
    except (WebSocketException, OSError, TimeoutError, ValueError) as exc:
        raise StreamLost from exc


def _json(text: str | bytes) -> Any:  # noqa: ANN401 - whatever was sent
    try:
        return json.loads(text)
    except ValueError:
        return None
