"""What is let go of when its term in the catalogue of fields is over: a lot at a time, each lot a commit of its own."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from tieline.store import driver_rows
from tieline.store.patience import take_time

LOT: Final = 1_000
"""Rows of one commit: short locks, and little to do again if a worker dies over it."""


def _delete(table: str, over: str) -> str:
    return f"DELETE FROM {table} WHERE {_still(table, over)}"  # noqa: S608 - constants of this file


def _update(table: str, change: str, over: str) -> str:
    return f"UPDATE {table} SET {change} WHERE {_still(table, over)}"  # noqa: S608 - likewise


def _still(table: str, over: str) -> str:
    """Name a lot of rows whose term is over, and is so still once whoever changes one at this moment has ended."""
    return f"id IN (SELECT id FROM {table} WHERE {over} LIMIT {LOT}) AND {over}"  # noqa: S608 - likewise


OVER: Final[Mapping[str, str]] = {
    "calls": _delete("interactions", "started_at < %(before)s AND settled_at IS NOT NULL"),
    "recordings": _update("interactions", "recording_ref = NULL", "started_at < %(before)s AND recording_ref IS NOT NULL"),
    "recording_events": _update(
        "call_events", "event = event - 'recording_ref'", "received_at < %(before)s AND event ? 'recording_ref'"
    ),
    "tickets": _delete("tickets", "closed_at < %(before)s AND status IN ('closed', 'cancelled')"),
    "feedback": _delete("feedback", "received_at < %(before)s"),
    "surveys": _delete("surveys", "proposed_at < %(before)s"),
    "reviews": _delete("review_items", "coalesce(decided_at, last_at) < %(before)s AND state <> 'open'"),
    "approvals": _delete("approvals", "asked_at < %(before)s"),
    "arrival_bodies": _update("inbox", "body = '', headers = '{}'", "received_at < %(before)s AND state = 'done' AND body <> ''"),
    "unread_bodies": _update("inbox", "body = '', headers = '{}'", "received_at < %(before)s AND state <> 'done' AND body <> ''"),
}
"""Term → what is done with a lot. Deleting a call or a ticket takes what hangs on it along. That a request came stays, as long as
it may be repeated; what it said does not."""

TERM_OF: Final[Mapping[str, str]] = {
    name: {"recording_events": "recordings", "surveys": "feedback"}.get(name, name) for name in OVER
}
"""Which term of the catalogue each goes by."""


async def let_go(tx: AsyncConnection, name: str, *, before: datetime) -> int:
    """Let go of one lot and return how many rows that were; fewer than `LOT`: it was the last."""
    await take_time(tx)
    return await driver_rows.execute(tx, OVER[name], {"before": before})
