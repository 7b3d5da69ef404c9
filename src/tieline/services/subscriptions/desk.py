"""What telling subscribers works with: one per process."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from tieline.connectors.manifest.schema import Limits
from tieline.connectors.wire.breaker import CircuitBreaker
from tieline.connectors.wire.limits import Priority, Throttle
from tieline.connectors.wire.messages import Wire
from tieline.domain.errors import ConnectorError, VendorThrottled
from tieline.kit.clock import Clock
from tieline.kit.deadline import Deadline
from tieline.security.egress import Egress
from tieline.security.secret_box import SecretBox
from tieline.store.database import Database

WITHIN_S: Final = 10.0
"""Seconds a receiver has to answer: it is to take a message, not to work on it."""
LIMITS: Final = Limits(per_second=100, burst=100, concurrency=4)
"""Few at a time: a receiver that hangs must not hold up what other systems are to be told."""
MOST_BYTES: Final = 65_536
_PREFIX: Final = "webhook:"
_BUS_PREFIX: Final = "outlet:"


@dataclass(frozen=True, slots=True)
class Manners:
    """How hard one receiver is pressed, and whether it is left alone for now."""

    throttle: Throttle
    breaker: CircuitBreaker

    @classmethod
    def new(cls, monotonic: Callable[[], float]) -> "Manners":
        """Return those of a receiver nothing is known of."""
        return cls(Throttle(LIMITS, monotonic), CircuitBreaker(monotonic))

    async def carry(self, work: Callable[[], Awaitable[None]], *, priority: Priority, deadline: Deadline) -> None:
        """Send something when it is its turn, and learn from how that ends. Raises: ConnectorError."""
        async with self.throttle.turn(priority, deadline):
            probe = self.breaker.admit()
            try:
                await work()
            except VendorThrottled as exc:
                self.breaker.abandoned(probe=probe)
                self.throttle.pause(exc.retry_after_s)
                raise
            except ConnectorError:
                self.breaker.failed(probe=probe)
                raise
            except BaseException:
                self.breaker.abandoned(probe=probe)
                raise
            self.breaker.succeeded(probe=probe)


@dataclass(frozen=True, slots=True)
class SubscriptionDesk:
    """`wire` reaches every receiver and passes the egress guard; `entropy` gives so many random bytes.

    `buses`: the names of the message brokers that are told everything.
    """

    database: Database
    box: SecretBox
    egress: Egress
    wire: Wire
    clock: Clock
    entropy: Callable[[int], bytes]
    monotonic: Callable[[], float]
    buses: tuple[str, ...] = ()
    _manners: dict[UUID, Manners] = field(default_factory=dict)

    def manners(self, subscription_id: UUID) -> Manners:
        """Return how one receiver is treated by this process."""
        if subscription_id not in self._manners:
            self._manners[subscription_id] = Manners.new(self.monotonic)
        return self._manners[subscription_id]


def place_of(subscription_id: UUID) -> str:
    """Return what stands for the connection in deliveries to a subscriber. No connection has a colon in its name."""
    return f"{_PREFIX}{subscription_id}"


def subscription_at(place: str) -> UUID | None:
    """Return whose place that is; None: a connection's."""
    return UUID(place.removeprefix(_PREFIX)) if place.startswith(_PREFIX) else None


def place_of_bus(name: str) -> str:
    """Return what stands for the connection in deliveries to a message broker."""
    return f"{_BUS_PREFIX}{name}"


def bus_at(place: str) -> str | None:
    """Return the name of the message broker whose place that is; None: something else's."""
    return place.removeprefix(_BUS_PREFIX) if place.startswith(_BUS_PREFIX) else None
