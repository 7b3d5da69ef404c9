"""Owner of deliveries about feedback: what each system is told, and what became of it."""

from typing import Any, Final
from uuid import UUID

from tieline.connectors.connection import VendorConnection
from tieline.domain.delivery import Delivered, Delivery, GivenUp
from tieline.domain.errors import NotFound, VendorMisconfigured
from tieline.domain.feedback_texts import noted
from tieline.domain.match_reasons import Language
from tieline.services.delivery.sinks import Inputs
from tieline.services.feedback.telling import LOG
from tieline.services.tickets.counterpart import customer_there
from tieline.services.tickets.desk import TicketDesk
from tieline.store import feedback, ticket_links
from tieline.store.database import Transaction
from tieline.store.feedback import KnownFeedback

_SAID: Final = ("kind", "score", "text", "channel", "call_id", "agent", "tags", "causes", "at")
_LONGEST_SUMMARY: Final = 4000


class FeedbackSink:
    """Owner of deliveries about feedback."""

    def __init__(self, desk: TicketDesk) -> None:
        self._desk = desk

    async def prepare(self, delivery: Delivery) -> Inputs | None:
        """Return the feedback in the system's words. Raises: NotFound: it knows no such customer or ticket, and needs one."""
        async with self._desk.database.read() as conn:
            known = await feedback.find(conn, UUID(delivery.object_id))
        if known is None:
            raise NotFound
        directory = self._desk.directory.now
        connection = directory.connections.get(delivery.connection)
        if connection is None:
            raise VendorMisconfigured(code="connection_closed")
        theirs = await self._theirs(connection, known)
        values = {**_said(known, self._desk), **{name.removesuffix("_id"): value for name, value in theirs.items()}}
        mapping = directory.books.get(connection.name, {}).get("feedback")
        record = mapping.write(values, current=None, is_new=True) if mapping else _plain(values)
        ours = {name: value for name, value in (("call_id", known.feedback.call_id), ("agent", known.feedback.agent)) if value}
        return {**theirs, **ours, "record": record}

    async def delivered(self, tx: Transaction, delivery: Delivery, result: Delivered) -> None:
        """Note that it is there, and under which id."""
        standing = {"state": "told", "external_id": result.external_id, "url": result.external_url}
        await self._note(tx, delivery, standing)

    async def given_up(self, tx: Transaction, delivery: Delivery, reason: GivenUp) -> None:
        """Note what is wrong."""
        await self._note(tx, delivery, {"state": "failed", "code": reason.code})

    async def _theirs(self, connection: VendorConnection, known: KnownFeedback) -> dict[str, str]:
        """Return the ids the customer and the ticket have there, as far as the operation speaks of them."""
        taken, needed = connection.takes(LOG), connection.needs(LOG) or frozenset()
        found: dict[str, str | None] = {}
        if "customer_id" in taken:
            found["customer_id"] = await customer_there(self._desk, known, connection)
        if "ticket_id" in taken and known.ticket_id is not None:
            async with self._desk.database.read() as conn:
                link = await ticket_links.find(conn, known.ticket_id, connection.name)
            found["ticket_id"] = link.external_id if link else None
        missing = [name for name in sorted(needed & {"customer_id", "ticket_id"}) if found.get(name) is None]
        if missing:
            raise NotFound("The system does not know whom or what this is about.", code=f"{missing[0][:-3]}_unknown_there")
        return {name: value for name, value in found.items() if value is not None}

    async def _note(self, tx: Transaction, delivery: Delivery, standing: dict[str, Any]) -> None:
        known = {name: value for name, value in standing.items() if value is not None}
        revision = delivery.inputs.get("revision")
        await feedback.note_written(tx, UUID(delivery.object_id), delivery.connection, {**known, "revision": revision})


def _said(known: KnownFeedback, desk: TicketDesk) -> dict[str, Any]:
    """Return what was said, field by field, and in one piece for systems that only take a note."""
    feedback = known.feedback
    said = {name: getattr(feedback, name) for name in _SAID}
    language: Language = "en" if desk.directory.now.line_of(known.line).language == "en" else "zh"
    said["causes"] = known.causes
    feedback = feedback.model_copy(update={"causes": known.causes})
    more = {
        "id": str(feedback.id),
        "phone": known.phone,
        "sentiment": known.sentiment,
        "summary": noted(feedback, language)[:_LONGEST_SUMMARY],
    }
    return {name: value for name, value in {**said, **more}.items() if value not in (None, ())}


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    """Return values as JSON, for a connector that says without a mapping what it takes."""
    return {
        name: list(value) if isinstance(value, tuple) else value if isinstance(value, str | int) else value.isoformat()
        for name, value in values.items()
    }
