"""Take one event: read what it leaves unsaid from its system, then let everyone act on it, unless newer news was taken.

The reading happens before the transaction. The guard, the handlers and the note for rules commit together or not at all.
"""

import hashlib
from collections.abc import Mapping
from typing import Any, Final, Literal
from uuid import UUID

import orjson

from tieline.connectors.connection import VendorConnection
from tieline.domain.errors import ParentMissing, RequestRefused, VendorBadAnswer
from tieline.domain.event import Event, order_key, version_of
from tieline.kit.deadline import Deadline
from tieline.services.webhooks.desk import WebhookDesk
from tieline.services.webhooks.news import News
from tieline.store import happenings, object_versions
from tieline.store.database import Transaction
from tieline.store.happenings import Happening

FETCH_WITHIN_S: Final = 10.0
_STATUS_CHANGED: Final = "order.status_changed"
_MAY_CHANGE_STATUS: Final = frozenset({"order.created", "order.changed", _STATUS_CHANGED})


async def complete(desk: WebhookDesk, connection: VendorConnection, event: Event) -> tuple[Event, Mapping[str, Any]]:
    """Return an event with its object, and that in our words; what the event only names is read from its system.

    News that does not say how new it is counts as what its system says at this moment. Raises: ConnectorError: the system does
    not answer. ParentMissing: it does not know the object. RequestRefused: it would have to be read, and cannot be.
    """
    if event.refetch or (order_key(event) is None and _can_be_read(connection, event)):
        event = await _fetched(desk, connection, event)
    return event, _canonical(desk, connection.name, event)


async def take(
    tx: Transaction,
    desk: WebhookDesk,
    connection: str,
    completed: tuple[Event, Mapping[str, Any]],
    *,
    told_by: Literal["webhook", "pull"] = "webhook",
    cause: UUID | None = None,
) -> bool:
    """Act on an event; False: something as new or newer about its object was taken before, and nothing happens."""
    event, canonical = completed
    now = desk.clock()
    status = _text(canonical.get("status"))
    before: str | None = ""
    if event.external_id is not None:
        key = (connection, event.object, event.external_id)
        rank = order_key(event) or version_of(now) or ""
        before = await object_versions.advance(tx, key, rank=rank, digest=_digest(event), status=status, now=now)
    if before is None:
        return False
    news = News(
        connection=connection,
        event=event,
        canonical=canonical,
        status=status,
        before=before,
        told_by=told_by,
        at=now,
        cause=cause,
    )
    await desk.handlers.act(tx, news)
    await _tell_rules(tx, news)
    return True


def _can_be_read(connection: VendorConnection, event: Event) -> bool:
    return event.external_id is not None and connection.needs(f"{event.object}.get") is not None


async def _fetched(desk: WebhookDesk, connection: VendorConnection, event: Event) -> Event:
    if not _can_be_read(connection, event):
        raise RequestRefused("the event names an object that cannot be read", code="cannot_be_read")
    asked_at = desk.clock()
    inputs = {f"{event.object}_id": event.external_id}
    found = await connection.run(f"{event.object}.get", deadline=Deadline.after(FETCH_WITHIN_S), priority="bulk", **inputs)
    if not found.records:
        raise ParentMissing
    return event.model_copy(update={"record": dict(found.records[0]), "version": version_of(asked_at), "refetch": False})


def _canonical(desk: WebhookDesk, connection: str, event: Event) -> Mapping[str, Any]:
    """Return the object in our words as far as the event tells: its record mapped, else its fields as they are."""
    mapping = desk.directory.trial(connection).book.get(event.object)
    if event.record is None or mapping is None:
        return event.fields
    try:
        return {**mapping.read(event.record), **event.fields}
    except VendorBadAnswer as exc:
        raise RequestRefused("the event's object cannot be translated", code="cannot_be_translated") from exc


async def _tell_rules(tx: Transaction, news: News) -> None:
    """Write down what happened, for rules. An order's change of status is told as such, whatever its system calls it.

    What a pull brings for the first time was so before we looked, and is no news for a customer.
    """
    kinds = {news.event.kind}
    if news.event.kind in _MAY_CHANGE_STATUS:
        changed = news.status is not None and news.status != news.before and (news.told_by == "webhook" or news.before != "")
        kinds = (kinds - {_STATUS_CHANGED}) | ({_STATUS_CHANGED} if changed else set())
    for kind in sorted(kinds):
        fields = {
            "connection": news.connection,
            "external_id": news.event.external_id,
            "status": news.status,
            "before": news.before or None,
            **news.event.fields,
        }
        happening = Happening(kind, news.subject, news.event.occurred_at or news.at, fields)
        await happenings.add(tx, happening, now=news.at)


def _digest(event: Event) -> str:
    """Tell two equally new words about an object apart, the same way whichever comes first."""
    said = event.model_dump(mode="json", include={"kind", "record", "fields"})
    return hashlib.sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
