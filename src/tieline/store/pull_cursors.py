"""How far each pull has come; moved in the transaction of the rows it brought."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from tieline.store import driver_rows

_FIND: Final = "SELECT since, pulled_at, rows FROM pull_cursors WHERE connection = %(connection)s AND operation = %(operation)s"
_MOVE: Final = """
    INSERT INTO pull_cursors AS known (connection, operation, since, pulled_at, rows)
    VALUES (%(connection)s, %(operation)s, %(since)s, %(now)s, %(rows)s)
    ON CONFLICT (connection, operation) DO UPDATE SET
        since = excluded.since, pulled_at = excluded.pulled_at, rows = known.rows + excluded.rows
"""
_TURN: Final = "SELECT pg_try_advisory_xact_lock(hashtextextended(%(about)s, 0))"


@dataclass(frozen=True, slots=True)
class PullCursor:
    """Everything that changed before `since` has been taken in; `rows` counts what ever came."""

    since: datetime
    pulled_at: datetime
    rows: int


async def find(conn: AsyncConnection, connection: str, operation: str) -> PullCursor | None:
    """Return how far a pull has come; None: it never began."""
    found = await driver_rows.rows(conn, PullCursor, _FIND, {"connection": connection, "operation": operation})
    return found[0] if found else None


async def move(tx: AsyncConnection, connection: str, operation: str, *, since: datetime, rows: int, now: datetime) -> None:
    """Note how far a pull has come."""
    values = {"connection": connection, "operation": operation, "since": since, "rows": rows, "now": now}
    await driver_rows.execute(tx, _MOVE, values)


async def has_turn(tx: AsyncConnection, connection: str, operation: str) -> bool:
    """Take the turn to move a cursor until the transaction ends. False: somebody else has it."""
    return bool((await driver_rows.column(tx, _TURN, {"about": f"tieline.pull {connection} {operation}"}))[0])
