"""Who works on a delivery: claimed for a while, fenced, and settled only by whoever holds the claim.

Everything is reckoned by the database's clock, so that a process whose own clock is wrong claims nothing twice (fault F24).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from tieline.domain.delivery import Delivered, Delivery
from tieline.domain.delivery_ladder import Ending
from tieline.store import driver_rows

LEASE_S: Final = 30.0
"""A claim lasts this long; everything done under it ends well before."""

_HEAD: Final = """
    SELECT id, state, due_at, failures, crashes, priority FROM deliveries
    WHERE connection = %(connection)s AND order_key = %(order_key)s
        AND state NOT IN ('delivered', 'withdrawn') AND (blocks OR state NOT IN ('dead', 'unknown'))
    ORDER BY position LIMIT 1
"""
_WHAT_IS_DUE: Final = f"""
    SELECT failures > 0 OR priority = 'bulk' OR due_at < clock_timestamp() - interval '1 minute' AS is_backlog,
        state = 'claimed' OR crashes > 0 AS is_suspect
    FROM ({_HEAD}) AS head WHERE state IN ('pending', 'claimed') AND due_at <= clock_timestamp()
"""  # noqa: S608 - only constants of this file are put in
_CLAIM: Final = f"""
    UPDATE deliveries AS mine SET
        state = 'claimed', state_at = clock_timestamp(), due_at = clock_timestamp() + %(lease)s * interval '1 second',
        attempts = mine.attempts + 1, fence = mine.fence + 1, claimed_by = %(worker)s, woken_at = NULL,
        crashes = mine.crashes + CASE WHEN mine.state = 'claimed' THEN 1 ELSE 0 END,
        first_tried_at = coalesce(mine.first_tried_at, clock_timestamp())
    FROM ({_HEAD}) AS head
    WHERE mine.id = head.id AND mine.state IN ('pending', 'claimed') AND mine.due_at <= clock_timestamp()
    RETURNING mine.*
"""  # noqa: S608 - likewise
_HELD: Final = "id = %(id)s AND fence = %(fence)s AND state = 'claimed'"
_INTEND: Final = f"""
    WITH held AS (
        UPDATE deliveries SET
            sent = coalesce(%(sent)s::jsonb, sent),
            sent_at = CASE WHEN %(purpose)s = 'look' THEN sent_at ELSE clock_timestamp() END,
            absent_at = CASE WHEN %(purpose)s = 'look' THEN absent_at END
        WHERE {_HELD} AND due_at > clock_timestamp() RETURNING id, fence
    )
    INSERT INTO delivery_attempts (delivery_id, fence, purpose, worker, started_at)
    SELECT id, fence, %(purpose)s, %(worker)s, clock_timestamp() FROM held RETURNING id
"""  # noqa: S608 - likewise
_END_ATTEMPT: Final = """
    UPDATE delivery_attempts SET ended_at = clock_timestamp(), outcome = %(outcome)s, kind = %(kind)s WHERE id = %(id)s
"""
_CONFIRM: Final = f"""
    UPDATE deliveries SET confirmed_at = clock_timestamp(), external_id = coalesce(%(external_id)s, external_id),
        external_url = coalesce(%(external_url)s, external_url) WHERE {_HELD}
"""  # noqa: S608 - likewise
_SETTLE: Final = f"""
    UPDATE deliveries SET
        state = %(state)s, state_at = clock_timestamp(), due_at = clock_timestamp() + %(in_s)s * interval '1 second',
        reason = %(reason)s, claimed_by = NULL, crashes = 0, failures = failures + %(failures)s,
        held_back = held_back + %(held_back)s, faults = faults + %(faults)s,
        sent_at = CASE WHEN %(doubt)s THEN sent_at END, sent = CASE WHEN %(doubt)s OR %(state)s = 'delivered' THEN sent END,
        absent_at = CASE WHEN %(absent)s THEN coalesce(absent_at, clock_timestamp()) WHEN %(doubt)s THEN absent_at END,
        external_id = coalesce(%(external_id)s, external_id), external_url = coalesce(%(external_url)s, external_url)
    WHERE {_HELD}
"""  # noqa: S608 - likewise
_POSTPONE: Final = f"""
    UPDATE deliveries SET due_at = clock_timestamp() + %(in_s)s * interval '1 second'
    FROM ({_HEAD}) AS head WHERE deliveries.id = head.id AND deliveries.state = 'pending'
"""  # noqa: S608 - likewise
_WAKE: Final = """
    UPDATE deliveries SET woken_at = clock_timestamp() WHERE id IN (
        SELECT id FROM deliveries
        WHERE state IN ('pending', 'claimed') AND due_at < clock_timestamp()
            AND (state = 'claimed' OR due_at < clock_timestamp() - %(due_for)s * interval '1 second')
            AND (woken_at IS NULL OR woken_at < clock_timestamp() - interval '1 minute')
        ORDER BY due_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
    ) RETURNING connection || chr(31) || order_key
"""
_DUE_ORDERS: Final = """
    SELECT order_key FROM deliveries WHERE state IN ('pending', 'claimed') AND due_at <= clock_timestamp()
        AND connection = %(connection)s ORDER BY due_at LIMIT %(limit)s
"""
_RESUME: Final = """
    UPDATE deliveries SET
        state = 'pending', state_at = clock_timestamp(), due_at = clock_timestamp() + %(in_s)s * interval '1 second'
    WHERE state = 'parked' AND connection = %(connection)s RETURNING order_key
"""


@dataclass(frozen=True, slots=True)
class Due:
    """What is due first of an order: backlog, or happening now; a suspect, if a worker died over it."""

    is_backlog: bool
    is_suspect: bool


async def due(conn: AsyncConnection, connection: str, order_key: str) -> Due | None:
    """Say what is due first of an order; None: nothing is."""
    found = await driver_rows.rows(conn, Due, _WHAT_IS_DUE, {"connection": connection, "order_key": order_key})
    return found[0] if found else None


async def claim(tx: AsyncConnection, connection: str, order_key: str, *, worker: str) -> Delivery | None:
    """Take what is due first of an order; None: nothing is due, or somebody holds it. The attempt counts from now on.

    A claim that lapsed is taken over, and counted as a crash of whoever held it.
    """
    values = {"connection": connection, "order_key": order_key, "worker": worker, "lease": LEASE_S}
    found = await driver_rows.rows(tx, Delivery, _CLAIM, values)
    return found[0] if found else None


async def intend(
    tx: AsyncConnection, delivery: Delivery, purpose: str, *, sent: Mapping[str, Any] | None, worker: str
) -> int | None:
    """Write down, before the first byte leaves, what is about to be asked. Return the attempt; None: the claim is no longer ours.

    `purpose`: `send`, `repeat` or `look`; the first two cast doubt on the delivery until its end is heard.
    """
    text = orjson.dumps(sent).decode() if sent is not None else None
    values = {"id": delivery.id, "fence": delivery.fence, "sent": text, "purpose": purpose, "worker": worker}
    found = await driver_rows.column(tx, _INTEND, values)
    return found[0] if found else None


async def end_attempt(tx: AsyncConnection, attempt: int, *, outcome: str, kind: str | None = None) -> None:
    """Note how an exchange ended."""
    await driver_rows.execute(tx, _END_ATTEMPT, {"id": attempt, "outcome": outcome, "kind": kind})


async def confirm(tx: AsyncConnection, delivery: Delivery, result: Delivered) -> bool:
    """Keep that the vendor said yes, when our own note of it has failed. False: the claim is no longer ours."""
    values = {"id": delivery.id, "fence": delivery.fence, "external_id": result.external_id, "external_url": result.external_url}
    return await driver_rows.execute(tx, _CONFIRM, values) == 1


async def settle(tx: AsyncConnection, delivery: Delivery, ending: Ending, *, result: Delivered | None = None) -> bool:
    """End a claim. False: it is no longer ours, and nothing may be concluded from what we did under it."""
    values = {
        "id": delivery.id,
        "fence": delivery.fence,
        "state": ending.state,
        "in_s": ending.in_s,
        "reason": None if ending.state == "delivered" else ending.code,
        "failures": ending.failures,
        "held_back": ending.held_back,
        "faults": ending.faults,
        "doubt": ending.doubt,
        "absent": ending.absent,
        "external_id": result.external_id if result else None,
        "external_url": result.external_url if result else None,
    }
    return await driver_rows.execute(tx, _SETTLE, values) == 1


async def postpone(tx: AsyncConnection, connection: str, order_key: str, *, in_s: float) -> None:
    """Move what is due first of an order to a later moment, without touching it."""
    await driver_rows.execute(tx, _POSTPONE, {"connection": connection, "order_key": order_key, "in_s": in_s})


async def due_orders(conn: AsyncConnection, connection: str, *, limit: int) -> list[str]:
    """Return the orders of what is due at a connection, longest due first."""
    return await driver_rows.column(conn, _DUE_ORDERS, {"connection": connection, "limit": limit})


async def lapsed(tx: AsyncConnection, *, due_for_s: float, limit: int) -> list[tuple[str, str]]:
    """Return connection and order of what nobody holds any more or is due for so long, and mark it so that others leave it."""
    found = await driver_rows.column(tx, _WAKE, {"due_for": due_for_s, "limit": limit})
    return [(connection, order_key) for connection, _, order_key in (text.partition("\x1f") for text in found)]


async def resume(tx: AsyncConnection, connection: str, *, in_s: float) -> list[str]:
    """Let what waited for an administrator be due again in so many seconds; return its orders."""
    return await driver_rows.column(tx, _RESUME, {"connection": connection, "in_s": in_s})
