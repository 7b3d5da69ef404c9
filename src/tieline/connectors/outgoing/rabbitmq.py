"""Messages to a RabbitMQ exchange, each done once the broker confirmed it: written down by every queue it belongs to.

The routing key is the kind of event, so that a topic exchange sorts them. A message that no queue takes is not done: RabbitMQ
confirms it like any other, and drops it (https://www.rabbitmq.com/docs/confirms, read 2026-11-26).
"""

import asyncio
import contextlib
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from tieline.connectors.outgoing.bus import BrokerRefuses, BusAddress, BusMessage, NobodyListens
from tieline.connectors.wire.transport import trusted_tls
from tieline.domain.errors import VendorTimeout, VendorUnavailable

if TYPE_CHECKING:
    from aio_pika.abc import AbstractConnection, AbstractExchange, AbstractMessage

_LETS_GO_WITHIN_S: Final = 1.0


class RabbitmqOutlet:
    """A `tieline.connectors.outgoing.bus.Bus` over one channel. What breaks ends it; the next message makes another."""

    def __init__(self, address: BusAddress, *, within_s: float) -> None:
        import aio_pika  # noqa: PLC0415 - an extra

        self._library = aio_pika
        self._refused = (
            aio_pika.exceptions.AuthenticationError,
            aio_pika.exceptions.ProbableAuthenticationError,
            aio_pika.exceptions.ChannelClosed,
        )
        self._broken = (aio_pika.exceptions.AMQPError, aio_pika.exceptions.ChannelInvalidStateError, OSError)
        self._address = address
        virtual_host, _, self._exchange_name = address.place.rpartition("/")
        self._virtual_host = unquote(virtual_host) or "/"
        self._within_s = within_s
        self._connecting = asyncio.Lock()
        self._connection: AbstractConnection | None = None
        self._exchange: AbstractExchange | None = None

    async def publish(self, message: BusMessage) -> None:
        """Hand a message over. Raises: VendorTimeout, VendorUnavailable. NobodyListens: no queue takes it. BrokerRefuses."""
        try:
            async with asyncio.timeout(self._within_s):
                exchange = await self._opened()
                await exchange.publish(self._written(message), message.kind, mandatory=True)
        except self._library.exceptions.PublishError as exc:
            raise NobodyListens from exc
        except self._library.exceptions.DeliveryError as exc:
            raise VendorUnavailable("the broker did not take the message") from exc
        except TimeoutError as exc:
            await self.aclose()
            raise VendorTimeout("the broker did not acknowledge in time") from exc
        except self._refused as exc:
            await self.aclose()
            raise BrokerRefuses from exc
        except self._broken as exc:
            await self.aclose()
            raise VendorUnavailable("the broker cannot be reached") from exc

    async def aclose(self) -> None:
        """Let the connection go; messages under way on it end as not acknowledged."""
        connection, self._connection, self._exchange = self._connection, None, None
        if connection is not None:
            with contextlib.suppress(*self._broken):
                async with asyncio.timeout(_LETS_GO_WITHIN_S):
                    await connection.close()

    def _written(self, message: BusMessage) -> "AbstractMessage":
        return self._library.Message(
            message.body.encode(),
            message_id=message.id,
            content_type="application/json",
            delivery_mode=self._library.DeliveryMode.PERSISTENT,
            headers={"webhook-id": message.id, "key": message.key},
        )

    async def _opened(self) -> "AbstractExchange":
        """Return the exchange, which must be there: what is missing is not ours to make."""
        async with self._connecting:
            if self._exchange is None or self._connection is None or self._connection.is_closed:
                await self.aclose()
                self._connection = await self._reach()
                channel = await self._connection.channel(publisher_confirms=True, on_return_raises=True)
                self._exchange = await channel.get_exchange(self._exchange_name, ensure=True)
            return self._exchange

    async def _reach(self) -> "AbstractConnection":
        """Connect to the first server of the cluster that answers; none may use up the time of those behind it."""
        *others, last = self._address.servers
        for server in others:
            with contextlib.suppress(OSError):
                async with asyncio.timeout(self._within_s / len(self._address.servers)):
                    return await self._dial(server)
        return await self._dial(last)

    async def _dial(self, server: str) -> "AbstractConnection":
        host, _, port = server.rpartition(":")
        secure = self._address.scheme == "amqps"
        url = self._library.connection.make_url(
            host=host,
            port=int(port),
            login=self._address.user or "guest",
            password=self._address.password or "guest",
            virtualhost=self._virtual_host,
            ssl=secure,
        )
        connection = self._library.Connection(url, ssl_context=trusted_tls() if secure else None)
        async with contextlib.AsyncExitStack() as if_it_fails:
            if_it_fails.push_async_callback(connection.close)  # Else its finalizer does, on whatever loop there is by then.
            await connection.connect()
            if_it_fails.pop_all()
        return connection
