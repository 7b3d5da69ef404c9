"""What deliveries work with: one per process."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from tieline.kit.clock import Clock
from tieline.services.delivery.drain import Drain
from tieline.services.delivery.outlets import Outlet
from tieline.services.delivery.sinks import Sinks
from tieline.store.database import Database

T = TypeVar("T")


class Catch(Protocol):
    """The worker's edge, where unforeseen failures are caught: does the work and says what it brought, or how it failed."""

    async def __call__(self, name: str, work: Awaitable[T]) -> tuple[T | None, Exception | None]:
        """Return result and no error, or no result and the error, which is in the log."""


@dataclass(frozen=True, slots=True)
class DeliveryDesk:
    """`outlet` finds the connection by name, or raises VendorMisconfigured. `chance` draws from 0 to 1. `worker` names us.

    `suspects`: what a worker died over is carried one at a time, so that a poison takes no neighbour along a second time.
    """

    database: Database
    sinks: Sinks
    outlet: Callable[[str], Outlet]
    drain: Drain
    chance: Callable[[], float]
    worker: str
    clock: Clock
    suspects: asyncio.Lock = field(default_factory=asyncio.Lock)
