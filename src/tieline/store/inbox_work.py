"""Who reads what arrived: claimed for a while, fenced, and closed only by whoever holds the claim. By the database's clock."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from tieline.store import driver_rows, inbox
from tieline.store.inbox import Arrival, InboxState

LEASE_S: Final = 30.0

_CLAIM: Final = """
    WITH due AS (
        SELECT inbox_id FROM inbox_work
        WHERE due_at <= clock_timestamp() AND (state = 'claimed' OR crashes > 0) = %(suspects)s
        ORDER BY due_at LIMIT %(most)s FOR UPDATE SKIP LOCKED
    ), mine AS (
        UPDATE inbox_work AS work SET
            state = 'claimed', due_at = clock_timestamp() + %(lease)s * interval '1 second', attempts = work.attempts + 1,
            fence = work.fence + 1, crashes = work.crashes + CASE WHEN work.state = 'claimed' THEN 1 ELSE 0 END
        FROM due WHERE work.inbox_id = due.inbox_id
        RETURNING work.inbox_id, work.attempts, work.faults, work.crashes, work.fence
    )
    SELECT inbox.id, inbox.connection, inbox.kind, inbox.headers, inbox.body, inbox.received_at,
        mine.attempts, mine.faults, mine.crashes, mine.fence
    FROM mine JOIN inbox ON inbox.id = mine.inbox_id ORDER BY inbox.received_at
"""
_HELD: Final = "inbox_id = %(id)s AND fence = %(fence)s AND state = 'claimed'"
_LOCK: Final = f"SELECT inbox_id FROM inbox_work WHERE {_HELD} FOR UPDATE"  # noqa: S608 - only constants of this file
_PUT_BACK: Final = f"""
    UPDATE inbox_work SET state = %(state)s, due_at = clock_timestamp() + %(in_s)s * interval '1 second',
        faults = faults + %(faults)s, crashes = 0 WHERE {_HELD}
"""  # noqa: S608 - likewise
_CLOSE: Final = f"DELETE FROM inbox_work WHERE {_HELD}"  # noqa: S608 - likewise
_AGAIN: Final = """
    INSERT INTO inbox_work (inbox_id) SELECT id FROM inbox WHERE id = %(id)s AND state IN ('unusable', 'quarantined')
    ON CONFLICT DO NOTHING
"""
_WORK: Final = "INSERT INTO inbox_work (inbox_id) VALUES (%(id)s)"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedArrival:
    """One arrival being read. `attempts` counts this one."""

    id: UUID
    connection: str
    kind: str
    headers: Mapping[str, str]
    body: bytes
    received_at: datetime
    attempts: int
    faults: int
    crashes: int
    fence: int


async def claim(tx: AsyncConnection, *, most: int) -> list[ClaimedArrival]:
    """Take arrivals that are due, the longest due first.

    What a dead worker held is counted as its crash and taken one at a time, when nothing else is due: a poison among them takes
    no neighbour along a second time.
    """
    values = {"most": most, "lease": LEASE_S, "suspects": False}
    sound = await driver_rows.rows(tx, ClaimedArrival, _CLAIM, values)
    return sound or await driver_rows.rows(tx, ClaimedArrival, _CLAIM, {**values, "most": 1, "suspects": True})


async def hold(tx: AsyncConnection, arrival: ClaimedArrival) -> bool:
    """Make sure that nobody takes the claim over before this transaction ends. False: it is no longer ours."""
    return bool(await driver_rows.column(tx, _LOCK, {"id": arrival.id, "fence": arrival.fence}))


async def put_back(tx: AsyncConnection, arrival: ClaimedArrival, *, in_s: float, parked: bool = False, faults: int = 0) -> bool:
    """Look at it again in so many seconds. False: it is no longer ours."""
    state = "parked" if parked else "waiting"
    values = {"id": arrival.id, "fence": arrival.fence, "state": state, "in_s": in_s, "faults": faults}
    return await driver_rows.execute(tx, _PUT_BACK, values) == 1


async def close(tx: AsyncConnection, arrival: ClaimedArrival, state: InboxState, *, note: str | None = None) -> bool:
    """Be done with an arrival. False: it is no longer ours, and nothing is noted."""
    if await driver_rows.execute(tx, _CLOSE, {"id": arrival.id, "fence": arrival.fence}) != 1:
        return False
    await inbox.close(tx, arrival.id, state, note=note)
    return True


async def add(tx: AsyncConnection, parts: Sequence[Arrival]) -> int:
    """Keep parts of an arrival as arrivals of their own, to be read one by one. Return how many were new."""
    added = 0
    for part in parts:
        if await inbox.accept(tx, part):
            await driver_rows.execute(tx, _WORK, {"id": part.id})
            added += 1
    return added


async def again(tx: AsyncConnection, arrival_id: UUID) -> bool:
    """Have an arrival read once more that was laid aside. False: it was not."""
    if await driver_rows.execute(tx, _AGAIN, {"id": arrival_id}) != 1:
        return False
    await inbox.close(tx, arrival_id, "accepted")
    return True


async def waiting(conn: AsyncConnection) -> Mapping[str, Any]:
    """Return how many arrivals wait, by state."""
    found = await driver_rows.column(conn, "SELECT state || ' ' || count(*) FROM inbox_work GROUP BY state", {})
    return {state: int(count) for state, _, count in (text.partition(" ") for text in found)}
