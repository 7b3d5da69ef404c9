"""What a delivery goes out by: a connection, and what a repetition of each of its operations stands on."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final, Protocol

from tieline.connectors.connection import VendorConnection
from tieline.connectors.contract import Result
from tieline.connectors.wire.limits import Priority
from tieline.domain.delivery import Delivered, Footing
from tieline.domain.errors import VendorAmbiguous, VendorMisconfigured
from tieline.kit.deadline import Deadline
from tieline.services.live_directory import LiveDirectory

SETTING: Final = frozenset({"update", "hold", "release", "log_update", "renew"})
"""Operations that set given values, by the last word of their name: done twice they leave what they left once."""
FINDERS: Final[Mapping[str, str]] = {"ticket.create": "ticket.find"}
"""What finds a thing again by our key that was written into it."""


class Outlet(Protocol):
    """One connection as deliveries see it."""

    def footing(self, operation: str) -> Footing:
        """Say what a repetition of the operation stands on."""

    async def send(self, operation: str, *, deadline: Deadline, priority: Priority, inputs: Mapping[str, Any]) -> Result:
        """Carry the operation out. Raises: ConnectorError: any outcome other than ok, partial or not_found."""

    async def look(
        self, operation: str, *, inputs: Mapping[str, Any], deadline: Deadline, priority: Priority
    ) -> Delivered | None:
        """Look for what the operation, given these inputs, has made; None: it is not there. Raises: ConnectorError."""


class ConnectionOutlet:
    """An outlet over a vendor's connection."""

    def __init__(self, connection: VendorConnection) -> None:
        self._connection = connection

    def footing(self, operation: str) -> Footing:
        """Read it off the manifest; where that offers nothing, by what operations of that name do."""
        match self._connection.tier(operation):
            case "T1":
                return Footing("T1", timedelta(0))
            case "T2":
                return Footing("T2", timedelta(seconds=self._connection.read_back_after_s(operation)))
        if operation.rpartition(".")[2] in SETTING:
            return Footing("T1", timedelta(0))
        return Footing("T2") if self._connection.needs(FINDERS.get(operation, "")) is not None else Footing("T3")

    async def send(self, operation: str, *, deadline: Deadline, priority: Priority, inputs: Mapping[str, Any]) -> Result:
        """Run it."""
        return await self._connection.run(operation, deadline=deadline, priority=priority, **inputs)

    async def look(
        self, operation: str, *, inputs: Mapping[str, Any], deadline: Deadline, priority: Priority
    ) -> Delivered | None:
        """Read it back. Raises: VendorAmbiguous: it is there twice, which only a person can put right."""
        if self._connection.tier(operation) == "T2":
            found = await self._connection.read_back(operation, deadline=deadline, priority=priority, **inputs)
        else:
            key = inputs["external_id"]
            found = await self._connection.run(FINDERS[operation], deadline=deadline, priority=priority, external_id=key)
        if len(found.records) > 1:
            raise VendorAmbiguous
        return Delivered(external_id=found.external_id, external_url=found.external_url, how="found") if found.records else None


def outlet_of(directory: LiveDirectory, connection: str) -> Outlet:
    """Return a connection's outlet. Raises: VendorMisconfigured: it is not set up, not open, or paused by an administrator."""
    found = directory.now.connections.get(connection)
    if found is None:
        raise VendorMisconfigured(code=directory.faults.get(connection, "connection_closed"))
    return ConnectionOutlet(found)
