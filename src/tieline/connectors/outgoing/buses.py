"""Which message broker is spoken to how, by the scheme of its address."""

from collections.abc import Callable, Mapping
from typing import Final

from tieline.connectors.outgoing.bus import Bus, BusAddress
from tieline.connectors.outgoing.jetstream import JetStreamOutlet
from tieline.connectors.outgoing.kafka import KafkaOutlet
from tieline.connectors.outgoing.rabbitmq import RabbitmqOutlet

_OUTLETS: Final[Mapping[str, Callable[[BusAddress, float], Bus]]] = {
    "kafka": lambda address, within_s: KafkaOutlet(address, within_s=within_s),
    "amqp": lambda address, within_s: RabbitmqOutlet(address, within_s=within_s),
    "amqps": lambda address, within_s: RabbitmqOutlet(address, within_s=within_s),
    "nats": lambda address, within_s: JetStreamOutlet(address, within_s=within_s),
    "nats+tls": lambda address, within_s: JetStreamOutlet(address, within_s=within_s),
}


def open_bus(address: BusAddress, *, within_s: float) -> Bus:
    """Return the outlet at an address; it connects when the first message goes out."""
    return _OUTLETS[address.scheme](address, within_s)
