"""Complete an event before it is acted on: what it only names is read from its system, and put into our words."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson

from tieline.connectors.connection import VendorConnection
from tieline.domain.errors import ParentMissing, RequestRefused, VendorBadAnswer
from tieline.domain.event import Event, order_key, version_of
from tieline.kit.deadline import Deadline
from tieline.services.webhooks.desk import WebhookDesk
from tieline.store.object_versions import Newness

FETCH_WITHIN_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Completed:
    """An event, its object in our words as far as is known, and whether that was read from its system just now."""

    event: Event
    canonical: Mapping[str, Any]
    was_read: bool = False

    @property
    def newness(self) -> Newness:
        """Say how new it is. Two equally new words are told apart by what they say in our words, whoever said it."""
        said = {"gone": self.event.kind.endswith(".deleted"), "said": self.canonical}
        digest = hashlib.sha256(orjson.dumps(said, default=str, option=orjson.OPT_SORT_KEYS)).hexdigest()
        return Newness(self.event.version, version_of(self.event.occurred_at), digest, was_read=self.was_read)


async def complete(desk: WebhookDesk, connection: VendorConnection, event: Event) -> Completed:
    """Return an event with its object.

    News that does not say how new it is is read too; it is as new as the system says its object is. Raises: ConnectorError: the
    system does not answer. ParentMissing: it does not know the object. RequestRefused: it would have to be read, and cannot be,
    or cannot be translated.
    """
    if not event.refetch and (order_key(event) is not None or not _can_be_read(connection, event)):
        return Completed(event, canonical_of(desk, connection.name, event))
    if not _can_be_read(connection, event):
        raise RequestRefused("the event names an object that cannot be read", code="cannot_be_read")
    return await _read(desk, connection, event)


def canonical_of(desk: WebhookDesk, connection: str, event: Event) -> Mapping[str, Any]:
    """Return the object in our words: its record mapped, else the event's fields as they are. Raises: RequestRefused."""
    mapping = desk.directory.trial(connection).book.get(event.object)
    if event.record is None or mapping is None:
        return event.fields
    try:
        return {**mapping.read(event.record), **event.fields}
    except VendorBadAnswer as exc:
        raise RequestRefused("the event's object cannot be translated", code="cannot_be_translated") from exc


def _can_be_read(connection: VendorConnection, event: Event) -> bool:
    return event.external_id is not None and connection.needs(f"{event.object}.get") is not None


async def _read(desk: WebhookDesk, connection: VendorConnection, event: Event) -> Completed:
    asked_at = desk.clock()
    inputs = {f"{event.object}_id": event.external_id}
    found = await connection.run(f"{event.object}.get", deadline=Deadline.after(FETCH_WITHIN_S), priority="bulk", **inputs)
    if not found.records:
        raise ParentMissing
    event = event.model_copy(update={"record": dict(found.records[0]), "version": None, "refetch": False})
    canonical = canonical_of(desk, connection.name, event)
    changed_at = canonical.get("updated_at")
    known_at = changed_at if isinstance(changed_at, datetime) else asked_at
    return Completed(event.model_copy(update={"occurred_at": known_at}), canonical, was_read=True)
