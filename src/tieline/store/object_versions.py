"""Which news of an object is the newest: whatever order news comes in, the same one is left standing."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from tieline.store import driver_rows

_KNOW: Final = """
    INSERT INTO object_versions (connection, kind, object_id, digest, seen_at)
    VALUES (%(connection)s, %(kind)s, %(object_id)s, '', %(now)s) ON CONFLICT DO NOTHING
"""
_ADVANCE: Final = """
    WITH before AS (
        SELECT connection, kind, object_id, version, moment, digest, status FROM object_versions
        WHERE connection = %(connection)s AND kind = %(kind)s AND object_id = %(object_id)s FOR UPDATE
    ), after AS (
        UPDATE object_versions AS known SET
            version = coalesce(%(version)s, before.version), moment = coalesce(%(moment)s, before.moment),
            digest = %(digest)s, seen_at = %(now)s, status = coalesce(%(status)s, before.status)
        FROM before
        WHERE (known.connection, known.kind, known.object_id) = (before.connection, before.kind, before.object_id)
            AND CASE
                WHEN %(version)s::text IS NOT NULL AND before.version IS NOT NULL
                    THEN (%(version)s, %(digest)s) > (before.version, before.digest)
                WHEN %(moment)s::text IS NOT NULL AND before.moment IS NOT NULL
                    THEN (%(moment)s, %(digest)s) > (before.moment, before.digest)
                        OR (%(was_read)s AND %(moment)s = before.moment AND %(digest)s <> before.digest)
                ELSE true
            END
        RETURNING coalesce(before.status, '') AS status
    )
    SELECT status FROM after
"""


@dataclass(frozen=True, slots=True)
class Newness:
    """How new news is: by its version, else by its moment, as `domain.event.version_of` writes them; `digest` decides a tie.

    `was_read`: it is what its system says now, and wins a tie unless it says the same.
    """

    version: str | None
    moment: str | None
    digest: str
    was_read: bool = False


async def advance(
    tx: AsyncConnection, key: tuple[str, str, str], newness: Newness, *, status: str | None, now: datetime
) -> str | None:
    """Take news of an object, `key` being connection, kind and id. Return the status it had before, empty for none known.

    None: something as new or newer was taken already. What cannot be compared is news.
    """
    connection, kind, object_id = key
    values = {"connection": connection, "kind": kind, "object_id": object_id, "status": status, "now": now, **asdict(newness)}
    await driver_rows.execute(tx, _KNOW, values)
    found = await driver_rows.column(tx, _ADVANCE, values)
    return found[0] if found else None


async def forget(tx: AsyncConnection, *, seen_before: datetime) -> int:
    """Delete what nothing was heard of for long, and return how many."""
    return await driver_rows.execute(tx, "DELETE FROM object_versions WHERE seen_at < %(before)s", {"before": seen_before})
