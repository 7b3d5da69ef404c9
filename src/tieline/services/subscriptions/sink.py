"""The owner of events on their way to subscribers: writes the message when it is sent."""

from datetime import datetime
from uuid import UUID

import orjson

from tieline.domain.delivery import Delivered, Delivery, GivenUp
from tieline.domain.outgoing_event import document, family_of, object_id
from tieline.services.delivery.sinks import Inputs
from tieline.store import ticket_links
from tieline.store.database import Database, Transaction


class EventSink:
    """A `tieline.services.delivery.sinks.Sink`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def prepare(self, delivery: Delivery) -> Inputs | None:
        """Return the message as text: repeated, it must be the same to the byte, whatever a database makes of JSON."""
        event = delivery.inputs
        async with self._database.read() as conn:
            refs = [*event["refs"], *await _places(conn, event["kind"], event["subject"])]
        message = document(event["kind"], event["subject"], datetime.fromisoformat(event["occurred_at"]), refs)
        return {"body": orjson.dumps(message).decode(), "key": delivery.order_key, "kind": event["kind"]}

    async def delivered(self, tx: Transaction, delivery: Delivery, result: Delivered) -> None:
        """Nothing more to note than the delivery's end."""

    async def given_up(self, tx: Transaction, delivery: Delivery, reason: GivenUp) -> None:
        """Likewise."""


async def _places(conn: Transaction, kind: str, subject: str) -> list[str]:
    """Return what a ticket of ours is called in other systems by now."""
    ours, _ = object_id(subject)
    if ours is None or family_of(kind) != "ticket":
        return []
    from_links = await ticket_links.of_ticket(conn, UUID(ours))
    return [f"{link.connection}:{link.external_id}" for link in from_links if link.external_id]
