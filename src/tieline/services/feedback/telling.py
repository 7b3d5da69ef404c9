"""Promise feedback to every system that keeps it: those whose connector declares `feedback.log`, but for the one that told us."""

from datetime import datetime
from typing import Final

from tieline.connectors.connection import VendorConnection
from tieline.domain.delivery import Effect
from tieline.services.delivery.promise import promise_all
from tieline.services.directory import Directory
from tieline.services.tickets.telling import order_of
from tieline.store import feedback
from tieline.store.database import Transaction
from tieline.store.feedback import KnownFeedback

FEEDBACK: Final = "feedback"
"""The kind of object that is delivered."""
LOG: Final = "feedback.log"


async def tell(tx: Transaction, directory: Directory, known: KnownFeedback, *, now: datetime) -> None:
    """Promise what each system does not have yet. One that needs to know the customer is told when we do."""
    waiting = [name for name, connection in sorted(directory.connections.items()) if _takes(connection, known)]
    told = [name for name in waiting if known.written.get(name, {}).get("revision") != known.feedback.revision]
    await promise_all(tx, [_effect(known, name) for name in told], now=now)
    for name in told:
        await feedback.note_written(tx, known.feedback.id, name, {"state": "sending", "revision": known.feedback.revision})


def _takes(connection: VendorConnection, known: KnownFeedback) -> bool:
    needed = connection.needs(LOG)
    if needed is None or connection.name == known.feedback.origin:
        return False
    if "customer_id" in needed and known.customer_ref is None and known.phone is None:
        return False
    return "ticket_id" not in needed or known.ticket_id is not None


def _effect(known: KnownFeedback, name: str) -> Effect:
    """In the order of its ticket, so that the copy of that is there first."""
    said, ticket_id = known.feedback, known.ticket_id
    return Effect(
        connection=name,
        operation=LOG,
        object_kind=FEEDBACK,
        object_id=str(said.id),
        order_key=order_of(ticket_id) if ticket_id else f"{FEEDBACK}:{said.id}",
        inputs={"revision": said.revision},
        key=f"{said.id}:{name}:{said.revision}",
        blocks=False,
    )
