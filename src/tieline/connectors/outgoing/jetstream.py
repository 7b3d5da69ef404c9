"""Messages to a NATS JetStream, each done once the stream acknowledged that it wrote it down. Core NATS acknowledges nothing.

The subject is the outlet's with the kind of event behind it. The id goes along as `Nats-Msg-Id`: within its duplicate window
(two minutes unless the stream says otherwise) the stream keeps one message of an id.
Source: https://docs.nats.io/nats-concepts/jetstream/headers, read 2026-11-26.
"""

import asyncio
import contextlib
import ssl
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, Final

from tieline.connectors.outgoing.bus import BrokerRefuses, BusAddress, BusMessage, NobodyListens
from tieline.connectors.wire.transport import trusted_tls
from tieline.domain.errors import VendorTimeout, VendorUnavailable

if TYPE_CHECKING:
    from nats.aio.client import Client


_LETS_GO_WITHIN_S: Final = 1.0
"""After a handshake that failed, the library would wait for ever."""


class JetStreamOutlet:
    """A `tieline.connectors.outgoing.bus.Bus`. What breaks ends the connection; the next message makes another."""

    def __init__(self, address: BusAddress, *, within_s: float) -> None:
        import nats.aio.client  # noqa: PLC0415 - an extra
        import nats.js.errors  # noqa: PLC0415 - likewise

        self._new_client = nats.aio.client.Client
        self._error = nats.errors.Error
        self._broken = (nats.errors.Error, OSError)
        self._nobody = nats.js.errors.NoStreamResponseError
        self._declined = nats.js.errors.APIError
        self._away = (nats.errors.NoServersError, TimeoutError)
        self._address = address
        self._within_s = within_s
        self._connecting = asyncio.Lock()
        self._client: Client | None = None
        self._lost = asyncio.Event()

    async def publish(self, message: BusMessage) -> None:
        """Hand a message over. Raises: VendorTimeout, VendorUnavailable. NobodyListens: no stream takes it. BrokerRefuses."""
        headers = {"Nats-Msg-Id": message.id, "webhook-id": message.id, "key": message.key, "content-type": "application/json"}
        subject, body = f"{self._address.place}.{message.kind}", message.body.encode()
        try:
            async with asyncio.timeout(self._within_s):
                stream = (await self._connected()).jetstream(timeout=self._within_s)
                await _unless(self._lost, stream.publish(subject, body, headers=headers))
        except self._nobody as exc:
            raise NobodyListens from exc
        except self._declined as exc:
            raise VendorUnavailable("the stream did not take the message") from exc
        except TimeoutError as exc:
            await self.aclose()
            raise VendorTimeout("the stream did not acknowledge in time") from exc
        except self._broken as exc:
            await self.aclose()
            raise VendorUnavailable("the broker cannot be reached") from exc

    async def aclose(self) -> None:
        """Let the connection go; messages under way on it end as not acknowledged."""
        client, self._client = self._client, None
        if client is not None:
            await self._end(client)

    async def _end(self, client: "Client") -> None:
        with contextlib.suppress(*self._broken):
            async with asyncio.timeout(_LETS_GO_WITHIN_S):
                await client.close()

    async def _connected(self) -> "Client":
        async with self._connecting:
            if self._client is None or not self._client.is_connected:
                await self.aclose()
                self._client = await self._connect()
            return self._client

    async def _connect(self) -> "Client":
        """Return a connection that never heals itself: what it still held would go out behind later messages."""
        client, lost = self._new_client(), asyncio.Event()

        async def note_lost() -> None:
            lost.set()

        try:
            await client.connect(
                [f"nats://{server}" for server in self._address.servers],
                allow_reconnect=False,
                max_reconnect_attempts=1,
                reconnect_time_wait=0,
                connect_timeout=max(1, round(self._within_s / 2)),
                error_cb=_unsaid,
                closed_cb=note_lost,
                name="tieline",
                **self._how(client),
            )
            self._check_secure(client)
        except (self._error, ssl.SSLError) as exc:
            await self._end(client)
            if isinstance(exc, self._away):
                raise
            raise BrokerRefuses from exc
        except BaseException:
            await self._end(client)
            raise
        self._lost = lost
        return client

    def _how(self, client: "Client") -> dict[str, Any]:
        """Return how to sign in: by name and password, or by a token, which stands where the name would.

        They are asked for when they are about to be said.
        """
        address = self._address

        def name() -> str:
            self._check_secure(client)
            return address.user

        named = {"user": name, "password": lambda: address.password}
        signed = named if address.password else {"token": name} if address.user else {}
        return {**signed, "tls": trusted_tls()} if address.scheme == "nats+tls" else signed

    def _check_secure(self, client: "Client") -> None:
        """Go no further without the TLS we were told to use. Raises: BrokerRefuses.

        The library goes on in the clear when the server's greeting asks for no TLS, which somebody in between can have cut out.
        """
        greeting = client._server_info  # noqa: SLF001 - it has no public word for it
        if self._address.scheme == "nats+tls" and not greeting.get("tls_required"):
            raise BrokerRefuses("the broker offers no TLS")


async def _unless(lost: asyncio.Event, sending: Coroutine[Any, Any, object]) -> None:
    """Wait for an acknowledgement, but not on a connection that is gone. Raises: ConnectionResetError: it is."""
    tasks = asyncio.ensure_future(sending), asyncio.ensure_future(lost.wait())
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if not tasks[0].done():
            raise ConnectionResetError
        tasks[0].result()
    finally:
        for task in tasks:
            task.cancel()


async def _unsaid(_error: Exception) -> None:
    """Whoever publishes is told; the library would write it to standard error as well."""
