"""What a delivery goes out by: a connection, and what a repetition of each of its operations stands on."""

from datetime import timedelta
from typing import Protocol

from tieline.connectors.connection import VendorConnection
from tieline.connectors.contract import Result
from tieline.connectors.wire.limits import Priority
from tieline.domain.delivery import Delivered, Footing
from tieline.domain.errors import VendorMisconfigured
from tieline.kit.deadline import Deadline
from tieline.services.delivery.sinks import Inputs
from tieline.services.live_directory import LiveDirectory


class Outlet(Protocol):
    """One connection as deliveries see it."""

    def footing(self, operation: str) -> Footing:
        """Say what a repetition of the operation stands on."""

    async def send(self, operation: str, *, inputs: Inputs, deadline: Deadline, priority: Priority) -> Result:
        """Carry the operation out. Raises: ConnectorError: any outcome other than ok, partial or not_found."""

    async def look(self, operation: str, *, inputs: Inputs, deadline: Deadline, priority: Priority) -> Delivered | None:
        """Look for what the operation, given these inputs, has made; None: it is not there. Raises: ConnectorError."""


class ConnectionOutlet:
    """An outlet over a vendor's connection."""

    def __init__(self, connection: VendorConnection) -> None:
        self._connection = connection

    def footing(self, operation: str) -> Footing:
        """Read it off the manifest; what is not offered stands on nothing."""
        lag = timedelta(seconds=self._connection.read_back_after_s(operation))
        return Footing(self._connection.tier(operation) or "T3", lag)

    async def send(self, operation: str, *, inputs: Inputs, deadline: Deadline, priority: Priority) -> Result:
        """Run it."""
        return await self._connection.run(operation, deadline=deadline, priority=priority, **inputs)

    async def look(self, operation: str, *, inputs: Inputs, deadline: Deadline, priority: Priority) -> Delivered | None:
        """Read it back as the manifest says."""
        found = await self._connection.read_back(operation, deadline=deadline, priority=priority, **inputs)
        if found.outcome == "not_found":
            return None
        return Delivered(external_id=found.external_id, external_url=found.external_url, sent=inputs, how="found")


def outlet_of(directory: LiveDirectory, connection: str) -> Outlet:
    """Return a connection's outlet. Raises: VendorMisconfigured: it is not set up, not open, or paused by an administrator."""
    found = directory.now.connections.get(connection)
    if found is None:
        raise VendorMisconfigured(code=directory.faults.get(connection, "connection_closed"))
    return ConnectionOutlet(found)
