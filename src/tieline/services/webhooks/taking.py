"""Take one event: let everyone act on it, unless something as new or newer about its object was taken before.

The guard, what the handlers write and the note for rules commit together or not at all.
"""

from typing import Final
from uuid import UUID

from tieline.domain.phone_written import numbers_written_in
from tieline.services.directory import NO_LINE
from tieline.services.privacy.erased import Erased
from tieline.services.webhooks.completing import Completed
from tieline.services.webhooks.desk import WebhookDesk
from tieline.services.webhooks.news import News, ToldBy
from tieline.store import happenings, object_versions
from tieline.store.database import Transaction
from tieline.store.happenings import Happening

_STATUS_CHANGED: Final = "order.status_changed"
_MAY_CHANGE_STATUS: Final = frozenset({"order.created", "order.changed", _STATUS_CHANGED})


async def take(
    tx: Transaction,
    desk: WebhookDesk,
    connection: str,
    completed: Completed,
    *,
    told_by: ToldBy = "webhook",
    cause: UUID | None = None,
) -> bool:
    """Act on an event; False: nothing happens, for something as new or newer about its object was taken before.

    Nor does anything happen if it is about somebody who was erased.
    """
    event, canonical = completed.event, completed.canonical
    now = desk.clock()
    if is_of_erased(desk.erased, connection, completed):
        return False
    status = _text(canonical.get("status"))
    before: str | None = ""
    if event.external_id is not None:
        key = (connection, event.object, event.external_id)
        before = await object_versions.advance(tx, key, completed.newness, status=status, now=now)
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


def is_of_erased(erased: Erased, connection: str, completed: Completed) -> bool:
    """Say whether news is about somebody who was erased, by its own id, its customer or its number."""
    if not erased:
        return False
    event, canonical = completed.event, completed.canonical
    if event.external_id is not None and erased.record(connection, event.object, event.external_id):
        return True
    customer = _text(canonical.get("customer")) or _text(canonical.get("customer_id"))
    if customer is not None and erased.record(connection, "customer", customer.rpartition(":")[2]):
        return True
    written = canonical.get("phones") or [canonical.get("phone")]
    numbers = [number for text in written if isinstance(text, str) for number in numbers_written_in(text, line=NO_LINE)]
    return bool(numbers) and all(erased.number(number.key) for number in numbers)


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


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
