"""Ask what changed, so that what nobody told us heals: rows and cursor in one commit, with an overlap that clocks may err by.

A cursor never comes closer to the present than the overlap while anything was found, because a system whose clock is slow writes
changes behind it (fault F19). What is read twice is no news twice: the newest word about each object counts. A page that fails
takes the whole pull with it; it begins again where the last one ended, so that of a thousand rows with one timestamp none is
skipped.
"""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final, Literal

import structlog
from pydantic import ValidationError

from tieline.connectors.connection import VendorConnection
from tieline.connectors.contract import Record
from tieline.connectors.manifest.inbound_plan import Poll
from tieline.domain.errors import ConnectorError, Overloaded, RequestRefused, VendorBadAnswer
from tieline.domain.event import Event
from tieline.domain.feedback import checked_score
from tieline.kit.deadline import Deadline
from tieline.observability.metrics import NEWS
from tieline.services.webhooks import taking
from tieline.services.webhooks.completing import Completed
from tieline.services.webhooks.desk import WebhookDesk
from tieline.store import pull_cursors
from tieline.store.database import Transaction

EVERY: Final = timedelta(minutes=5)
OVERLAP: Final = timedelta(minutes=5)
LOOKS_BACK: Final = timedelta(hours=1)
"""How far the very first pull looks back; history is imported, not pulled."""
PULL_WITHIN_S: Final = 120.0
SYSTEMS_AT_ONCE: Final = 4
ROWS_A_COMMIT: Final = 200
JITTER: Final = timedelta(seconds=20)
"""A duty that comes a little early still finds due what is due now."""
PULLED: Final[dict[str, Literal["order", "ticket", "customer", "feedback"]]] = {
    "order.changed": "order",
    "ticket.changed": "ticket",
    "customer.changed": "customer",
    "feedback.list": "feedback",
}
EVENT_OF: Final = {"feedback.list": "feedback.received"}
"""What an operation's records are news of, where it is not named so."""
GIVEN: Final = frozenset({"since", "until"})
"""What a pull knows to ask by."""
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Pulled:
    """What one pull brought: rows read, news among them, rows that could not be read."""

    rows: int = 0
    news: int = 0
    unreadable: int = 0
    cut_off: bool = False


def pulls_of(desk: WebhookDesk) -> list[tuple[str, str]]:
    """Return what can be pulled: connection and operation."""
    open_now = desk.directory.now.connections
    asked = {(name, operation): one.needs(operation) for name, one in open_now.items() for operation in PULLED}
    return [place for place, needed in asked.items() if needed is not None and needed <= GIVEN]


async def pull(desk: WebhookDesk, name: str, operation: str) -> Pulled:
    """Take in what changed since the last time. Raises: ConnectorError: the system does not answer; nothing is moved."""
    connection = desk.directory.now.connections[name]
    now = desk.clock()
    poll = _poll_of(connection, operation)
    overlap = max(OVERLAP, timedelta(seconds=poll.overlap_s)) if poll else OVERLAP
    async with desk.database.read() as conn:
        cursor = await pull_cursors.find(conn, name, operation)
    since = cursor.since if cursor else now - LOOKS_BACK
    span = {"since": since, **({"until": now} if "until" in connection.takes(operation) else {})}
    result = await connection.run(operation, deadline=Deadline.after(PULL_WITHIN_S), priority="bulk", **span)
    rows = [_row(desk, connection, operation, record) for record in result.records]
    sound = [row for row in rows if row is not None]
    pulled = await _take(
        desk, name, operation, sound, _reached(sound, since=since, latest=now - overlap, cut_off=result.truncated)
    )
    told = Pulled(len(rows), pulled, len(rows) - len(sound), result.truncated)
    NEWS.labels(name, "pulled").inc(told.news)
    log.info("pull.done", connection=name, operation=operation, rows=told.rows, news=told.news, unreadable=told.unreadable)
    return told


async def pull_due(desk: WebhookDesk) -> int:
    """Pull everything that is due, some systems side by side: one that does not answer keeps few from their turn.

    Returns the news found.
    """
    room = asyncio.Semaphore(SYSTEMS_AT_ONCE)

    async def of_one(name: str, operations: Sequence[str]) -> int:
        async with room:
            return sum([await _pull_if_due(desk, name, operation) for operation in operations])

    by_system: defaultdict[str, list[str]] = defaultdict(list)
    for name, operation in pulls_of(desk):
        by_system[name].append(operation)
    async with asyncio.TaskGroup() as group:
        found = [group.create_task(of_one(*each)) for each in by_system.items()]
    return sum(each.result() for each in found)


async def _pull_if_due(desk: WebhookDesk, name: str, operation: str) -> int:
    """Return the news found; none where the system or our own database does not answer: it stays due."""
    try:
        return (await pull(desk, name, operation)).news if await _is_due(desk, name, operation) else 0
    except (ConnectorError, Overloaded) as exc:
        log.warning("pull.failed", connection=name, operation=operation, code=exc.code)
        return 0


async def _is_due(desk: WebhookDesk, name: str, operation: str) -> bool:
    poll = _poll_of(desk.directory.now.connections[name], operation)
    every = timedelta(seconds=poll.every_s) if poll else EVERY
    async with desk.database.read() as conn:
        cursor = await pull_cursors.find(conn, name, operation)
    return cursor is None or desk.clock() - cursor.pulled_at >= every - JITTER


def _poll_of(connection: VendorConnection, operation: str) -> Poll | None:
    inbound = connection.connector.manifest.inbound
    return next((poll for poll in inbound.poll if poll.operation == operation), None) if inbound else None


async def _take(desk: WebhookDesk, name: str, operation: str, rows: Sequence[Completed], reached: datetime) -> int:
    """Act on what is news, and move the cursor with the last of it. Another worker at the same pull leaves it to us."""

    async def take_lot(lot: Sequence[Completed], is_last: bool, tx: Transaction) -> int | None:  # noqa: FBT001 - our own call
        if not await pull_cursors.has_turn(tx, name, operation):
            return None
        news = sum([await taking.take(tx, desk, name, row, told_by="pull") for row in lot])
        if is_last:
            await pull_cursors.move(tx, name, operation, since=reached, rows=len(rows), now=desk.clock())
        return news

    taken = 0
    lots = [rows[start : start + ROWS_A_COMMIT] for start in range(0, len(rows), ROWS_A_COMMIT)] or [()]
    for number, lot in enumerate(lots, start=1):
        # A lot holds many objects, calls and tickets, in the order in which their system told of them.
        news = await desk.database.transact(partial(take_lot, lot, number == len(lots)))
        if news is None:
            return taken
        taken += news
    return taken


def _reached(rows: Sequence[Completed], *, since: datetime, latest: datetime, cut_off: bool) -> datetime:
    """Say from when the next pull asks. A pull that was cut off goes on at its last row's moment, which is read once more."""
    moments = [row.event.occurred_at for row in rows if row.event.occurred_at is not None]
    if cut_off and moments:
        return max(since, *moments)
    if not moments:
        return max(since, latest)
    return max(since, min(max(moments), latest))


def _row(desk: WebhookDesk, connection: VendorConnection, operation: str, record: Record) -> Completed | None:
    """Return a record as an event and in our words; None: it cannot be read."""
    mapping = desk.directory.trial(connection.name).book.get(PULLED[operation])
    try:
        canonical = mapping.read(record) if mapping is not None else {}
        if PULLED[operation] == "feedback":
            checked_score(canonical.get("kind", "csat"), canonical.get("score"))
        changed_at = canonical.get("updated_at") or canonical.get("at")
        event = Event(
            kind=EVENT_OF.get(operation, operation),
            external_id=canonical["id"],
            occurred_at=changed_at if isinstance(changed_at, datetime) else None,
            record=dict(record),
        )
    except (VendorBadAnswer, RequestRefused, ValidationError, KeyError):
        return None
    return Completed(event, canonical, was_read=True)
