"""Which news of an object is the newest: whatever order news comes in, the same one is left standing."""

from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from tieline.store import driver_rows

_KNOW: Final = """
    INSERT INTO object_versions (connection, kind, object_id, rank, digest, seen_at)
    VALUES (%(connection)s, %(kind)s, %(object_id)s, '', '', %(now)s) ON CONFLICT DO NOTHING
"""
_ADVANCE: Final = """
    WITH before AS (
        SELECT connection, kind, object_id, rank, digest, status FROM object_versions
        WHERE connection = %(connection)s AND kind = %(kind)s AND object_id = %(object_id)s FOR UPDATE
    ), after AS (
        UPDATE object_versions AS known SET
            rank = %(rank)s, digest = %(digest)s, seen_at = %(now)s, status = coalesce(%(status)s, before.status)
        FROM before
        WHERE (known.connection, known.kind, known.object_id) = (before.connection, before.kind, before.object_id)
            AND (%(rank)s, %(digest)s) > (before.rank, before.digest)
        RETURNING coalesce(before.status, '') AS status
    )
    SELECT status FROM after
"""


async def advance(
    tx: AsyncConnection, key: tuple[str, str, str], *, rank: str, digest: str, status: str | None, now: datetime
) -> str | None:
    """Take news of an object, `key` being connection, kind and id. Return the status it had before, empty for none known.

    None: something as new or newer was taken already.
    """
    connection, kind, object_id = key
    values: dict[str, object] = {
        "connection": connection,
        "kind": kind,
        "object_id": object_id,
        "rank": rank,
        "digest": digest,
        "status": status,
    }
    values["now"] = now
    await driver_rows.execute(tx, _KNOW, values)
    found = await driver_rows.column(tx, _ADVANCE, values)
    return found[0] if found else None


async def forget(tx: AsyncConnection, *, seen_before: datetime) -> int:
    """Delete what nothing was heard of for long, and return how many."""
    return await driver_rows.execute(tx, "DELETE FROM object_versions WHERE seen_at < %(before)s", {"before": seen_before})
