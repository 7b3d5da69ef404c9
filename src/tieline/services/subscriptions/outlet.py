"""What deliveries to a subscriber go out by: one signed message each.

The receiver is told the same id again when it may have missed the message, so it stands on the first footing (T1).
"""

from uuid import UUID

from tieline.connectors.contract import Result
from tieline.connectors.outgoing.webhook import GONE, Message, post
from tieline.connectors.wire.limits import Priority
from tieline.domain.delivery import Delivered, Footing
from tieline.domain.errors import ConnectorError, VendorMisconfigured, VendorRejected
from tieline.kit.deadline import Deadline
from tieline.services.delivery.sinks import Inputs
from tieline.services.subscriptions.desk import WITHIN_S, SubscriptionDesk
from tieline.services.subscriptions.managing import note_gone
from tieline.services.subscriptions.secrets import current_secrets
from tieline.store import subscriptions
from tieline.store.subscriptions import Subscription


class SubscriberOutlet:
    """A `tieline.services.delivery.outlets.Outlet` to one subscriber."""

    def __init__(self, desk: SubscriptionDesk, subscription_id: UUID) -> None:
        self._desk = desk
        self._id = subscription_id

    def footing(self, operation: str) -> Footing:
        """A message keeps its id, by which the receiver knows it again."""
        del operation
        return Footing("T1")

    async def send(self, operation: str, *, inputs: Inputs, deadline: Deadline, priority: Priority) -> Result:
        """Send one message. Raises: ConnectorError: it was not taken. VendorMisconfigured: paused, or the receiver is no more."""
        del operation
        subscription = await self._open()
        at = self._desk.clock()
        secrets = current_secrets(self._desk.box, subscription, now=at)
        message = Message(subscription.url, str(inputs["idempotency_key"]), str(inputs["body"]), secrets)
        within = Deadline.after(min(WITHIN_S, deadline.remaining_s()))
        try:
            await self._desk.manners(self._id).carry(
                lambda: post(self._desk.wire, message, at=at, deadline=within), priority=priority, deadline=deadline
            )
        except ConnectorError as exc:
            if exc.code == GONE:
                await note_gone(self._desk, self._id)
            raise
        return Result("ok")

    async def look(self, operation: str, *, inputs: Inputs, deadline: Deadline, priority: Priority) -> Delivered | None:
        """A receiver cannot be asked what it took. Raises: VendorMisconfigured: always; nothing on this footing looks."""
        del operation, inputs, deadline, priority
        raise VendorMisconfigured("a receiver cannot be asked what it took")

    async def _open(self) -> Subscription:
        async with self._desk.database.read() as conn:
            found = await subscriptions.find(conn, self._id)
        if found is None:
            raise VendorRejected("the subscription was deleted meanwhile", code="subscription_deleted")
        if found.state != "active":
            raise VendorMisconfigured("the subscription is paused", code=f"subscription_{found.state}")
        return found
