"""What deliveries to a message broker go out by: done once it acknowledged; the same id again when it may have arrived."""

from tieline.connectors.contract import Result
from tieline.connectors.outgoing.bus import Bus, BusMessage
from tieline.connectors.wire.limits import Priority
from tieline.domain.delivery import Delivered, Footing
from tieline.domain.errors import VendorMisconfigured
from tieline.kit.deadline import Deadline
from tieline.services.delivery.sinks import Inputs
from tieline.services.subscriptions.desk import Manners


class BusOutlet:
    """A `tieline.services.delivery.outlets.Outlet` to one topic, exchange or stream."""

    def __init__(self, bus: Bus, manners: Manners) -> None:
        self.bus = bus
        self._manners = manners

    def footing(self, operation: str) -> Footing:
        """A message keeps its id, by which consumers know it again."""
        del operation
        return Footing("T1")

    async def send(self, operation: str, *, inputs: Inputs, deadline: Deadline, priority: Priority) -> Result:
        """Hand one message over. Raises: ConnectorError: it was not acknowledged."""
        del operation
        message = BusMessage(*(str(inputs[part]) for part in ("idempotency_key", "key", "kind", "body")))
        await self._manners.carry(lambda: self.bus.publish(message), priority=priority, deadline=deadline)
        return Result("ok")

    async def look(self, operation: str, *, inputs: Inputs, deadline: Deadline, priority: Priority) -> Delivered | None:
        """A broker is not searched. Raises: VendorMisconfigured: always; nothing on this footing looks."""
        del operation, inputs, deadline, priority
        raise VendorMisconfigured("a broker is not searched")
