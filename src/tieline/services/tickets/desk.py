"""What tickets work with: one per process."""

from dataclasses import dataclass
from typing import Protocol

from tieline.kit.clock import Clock
from tieline.services.directory import Directory
from tieline.services.tickets.policy import TicketPolicy
from tieline.store.database import Database


class CurrentDirectory(Protocol):
    """Gives the snapshot that holds now."""

    @property
    def now(self) -> Directory:
        """Return the present configuration."""


@dataclass(frozen=True, slots=True)
class TicketDesk:
    """The database, who is connected, and the time."""

    database: Database
    directory: CurrentDirectory
    clock: Clock

    @property
    def policy(self) -> TicketPolicy:
        """Return how tickets are handled now."""
        return self.directory.now.tickets
