"""Ask a model what a text means, where a connection offers one (`text.classify`); what our own rules say stands until it answers.

Asked outside of any transaction, within a deadline. A cause that is none of the tree is left out; an answer that cannot be
used, or none in time, leaves the rules' word, and is not asked for again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, get_args
from uuid import UUID

import structlog

from tieline.connectors.connection import VendorConnection
from tieline.domain.errors import ConnectorError, MappingInvalid, RequestRefused
from tieline.domain.understanding import Sentiment
from tieline.domain.understanding_causes import MOST_CAUSES
from tieline.kit.deadline import Deadline
from tieline.services.tickets.desk import TicketDesk
from tieline.services.understanding.suggesting import book_of
from tieline.store import feedback

CLASSIFY: Final = "text.classify"
WITHIN_S: Final = 3.0
LOOKED_FOR: Final = timedelta(hours=1)
AT_ONCE: Final = 50
KNOWN: Final = frozenset(get_args(Sentiment))
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Unread:
    """Feedback no model has read."""

    id: UUID
    text: str


def model_of(desk: TicketDesk) -> VendorConnection | None:
    """Return the connection that understands texts, if there is one; of several the first by name."""
    connections = desk.directory.now.connections
    return next((connections[name] for name in sorted(connections) if connections[name].needs(CLASSIFY) is not None), None)


async def unread(desk: TicketDesk, now: datetime) -> Sequence[Unread]:
    """Return what a model shall read, the oldest first; nothing without a model."""
    if model_of(desk) is None:
        return ()
    async with desk.database.read() as conn:
        found = await feedback.to_classify(conn, received_after=now - LOOKED_FOR, limit=AT_ONCE)
    return [Unread(*one) for one in found]


async def classify(desk: TicketDesk, one: Unread) -> bool:
    """Have one text read. False: the model did not say anything that can be used, and the rules' word stands."""
    model = model_of(desk)
    if model is None:
        return False
    meant = await _asked(desk, model, one.text)
    async with desk.database.begin() as tx:
        known = await feedback.lock(tx, one.id)
        if known is None or known.understood is None or known.feedback.text != one.text:
            return False
        by = model.name if meant else f"{known.understood['by'].replace('rules:', 'rules_alone:')}"
        await feedback.note_understood(tx, one.id, {**known.understood, **(meant or {}), "by": by})
    return meant is not None


async def _asked(desk: TicketDesk, model: VendorConnection, text: str) -> dict[str, Any] | None:
    mapping = desk.directory.now.books.get(model.name, {}).get("understanding")
    try:
        answer = await model.run(CLASSIFY, deadline=Deadline.after(WITHIN_S), priority="bulk", text=text)
        record = mapping.read(answer.records[0]) if mapping is not None and answer.records else {}
    except (ConnectorError, MappingInvalid, RequestRefused) as exc:
        log.warning("text.not_classified", connection=model.name, code=exc.code)
        return None
    if record.get("sentiment") not in KNOWN:
        log.warning("text.not_classified", connection=model.name, code="sentiment_unknown")
        return None
    causes = [name for name in record.get("causes") or () if name in book_of(desk.directory.now).entry.causes]
    return {"sentiment": record["sentiment"], "causes": [{"id": name, "because": []} for name in causes[:MOST_CAUSES]]}
