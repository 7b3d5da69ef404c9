"""Messages to a Kafka topic, each done once all replicas in sync acknowledged it."""

import asyncio
from typing import TYPE_CHECKING, Final, cast

from tieline.connectors.outgoing.bus import BusAddress, BusMessage
from tieline.domain.errors import VendorTimeout, VendorUnavailable

if TYPE_CHECKING:
    from faststream.confluent import ConfluentConfig

_GIVES_UP_BEFORE_US_S: Final = 1.5
"""The producer looks once a second for what is too old."""


class KafkaOutlet:
    """A `tieline.connectors.outgoing.bus.Bus`. Its producer is made when the first message goes out."""

    def __init__(self, address: BusAddress, *, within_s: float) -> None:
        import confluent_kafka  # noqa: PLC0415 - an extra, and heavy: 1.4 s, once at the start
        from faststream.confluent import KafkaBroker  # noqa: PLC0415 - likewise

        self._refused = confluent_kafka.KafkaException
        self._topic = address.place
        self._within_s = within_s
        self._connecting = asyncio.Lock()
        self._connected = False
        # A message the producer still held when we gave up would go out behind later ones.
        timeout_ms = int((within_s - _GIVES_UP_BEFORE_US_S) * 1000)
        self._broker = KafkaBroker(
            ",".join(address.servers),
            acks="all",
            enable_idempotence=True,
            config=cast("ConfluentConfig", {"message.timeout.ms": timeout_ms}),  # librdkafka knows it, the type does not
            logger=None,
            graceful_timeout=1.0,
        )

    async def publish(self, message: BusMessage) -> None:
        """Hand a message over. Raises: VendorUnavailable, VendorTimeout: no acknowledgement; it may have arrived."""
        headers = {"webhook-id": message.id, "content-type": "application/json"}
        try:
            async with asyncio.timeout(self._within_s):
                await self._connect()
                await self._broker.publish(message.body.encode(), self._topic, key=message.key, headers=headers)
        except TimeoutError as exc:
            raise VendorTimeout("the broker did not acknowledge in time") from exc
        except self._refused as exc:
            raise VendorUnavailable("the broker did not take the message") from exc

    async def aclose(self) -> None:
        """Let the producer go."""
        await self._broker.stop()

    async def _connect(self) -> None:
        async with self._connecting:
            if not self._connected:
                await self._broker.connect()
                self._connected = True
