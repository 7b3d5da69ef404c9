"""One message to a message broker, done once the broker acknowledged it. So far: Kafka, all replicas in sync.

Where the brokers are is said by whoever runs the server, never over the interface: a Kafka cluster names further addresses by
itself, which the egress guard does not see.
"""

import asyncio
import re
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final, Self, cast

from tieline.domain.errors import ConfigRefused, VendorTimeout, VendorUnavailable

if TYPE_CHECKING:
    from faststream.confluent import ConfluentConfig

_WRITTEN: Final = re.compile(
    r"(?P<name>[a-z][a-z0-9_-]{0,39})=kafka://(?P<brokers>[^/\s@]{1,500})/(?P<topic>[A-Za-z0-9._-]{1,249})"
)
_GIVES_UP_BEFORE_US_S: Final = 1.5
"""The producer looks once a second for what is too old."""


@dataclass(frozen=True, slots=True)
class BusAddress:
    """Where one outlet leads. `brokers`: `host:port`, more of them after semicolons."""

    name: str
    brokers: str
    topic: str

    @classmethod
    def parse_all(cls, text: str) -> tuple[Self, ...]:
        """Read the comma-separated setting `outlets`. Raises: ConfigRefused: it is written otherwise, or the extra is missing."""
        entries = [entry.strip() for entry in text.split(",") if entry.strip()]
        found = [_WRITTEN.fullmatch(entry) for entry in entries]
        if not all(found) or len({each["name"] for each in found if each}) < len(found):
            raise ConfigRefused("an outlet is written name=kafka://host:port/topic, each name once")
        if found and find_spec("faststream") is None:
            raise ConfigRefused("outlets need the extra `bus`: pip install 'tieline[bus]'", code="extra_missing")
        return tuple(cls(each["name"], each["brokers"].replace(";", ","), each["topic"]) for each in found if each)


@dataclass(frozen=True, slots=True)
class BusMessage:
    """`key`: messages of one key stay in order."""

    id: str
    key: str
    body: str


class KafkaOutlet:
    """A producer, made when the first message goes out. One per outlet and process."""

    def __init__(self, address: BusAddress, *, within_s: float) -> None:
        import confluent_kafka  # noqa: PLC0415 - an extra, and heavy: 1.4 s, once at the start
        from faststream.confluent import KafkaBroker  # noqa: PLC0415 - likewise

        self._refused = confluent_kafka.KafkaException
        self._topic = address.topic
        self._within_s = within_s
        self._connecting = asyncio.Lock()
        self._connected = False
        # A message the producer still held when we gave up would go out behind later ones.
        timeout_ms = int((within_s - _GIVES_UP_BEFORE_US_S) * 1000)
        self._broker = KafkaBroker(
            address.brokers,
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
