"""What telling subscribers works with: one per process."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from tieline.connectors.manifest.schema import Limits
from tieline.connectors.wire.breaker import CircuitBreaker
from tieline.connectors.wire.limits import Throttle
from tieline.connectors.wire.messages import Wire
from tieline.kit.clock import Clock
from tieline.security.egress import Egress
from tieline.security.secret_box import SecretBox
from tieline.store.database import Database

WITHIN_S: Final = 10.0
"""Seconds a receiver has to answer: it is to take a message, not to work on it."""
LIMITS: Final = Limits(per_second=100, burst=100, concurrency=4)
"""Few at a time: a receiver that hangs must not hold up what other systems are to be told."""
MOST_BYTES: Final = 65_536
_PREFIX: Final = "webhook:"


@dataclass(frozen=True, slots=True)
class Manners:
    """How hard one receiver is pressed, and whether it is left alone for now."""

    throttle: Throttle
    breaker: CircuitBreaker


@dataclass(frozen=True, slots=True)
class SubscriptionDesk:
    """`wire` reaches every receiver and passes the egress guard; `entropy` gives so many random bytes."""

    database: Database
    box: SecretBox
    egress: Egress
    wire: Wire
    clock: Clock
    entropy: Callable[[int], bytes]
    monotonic: Callable[[], float]
    _manners: dict[UUID, Manners] = field(default_factory=dict)

    def manners(self, subscription_id: UUID) -> Manners:
        """Return how one receiver is treated by this process."""
        if subscription_id not in self._manners:
            self._manners[subscription_id] = Manners(Throttle(LIMITS, self.monotonic), CircuitBreaker(self.monotonic))
        return self._manners[subscription_id]


def place_of(subscription_id: UUID) -> str:
    """Return what stands for the connection in deliveries to a subscriber. No connection has a colon in its name."""
    return f"{_PREFIX}{subscription_id}"


def subscription_at(place: str) -> UUID | None:
    """Return whose place that is; None: a connection's."""
    return UUID(place.removeprefix(_PREFIX)) if place.startswith(_PREFIX) else None
