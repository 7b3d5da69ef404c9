"""Numbers by the thousand into the identity index: COPY into a staging table, then two statements for the whole slice.

What a row leaves open (None) stays as it is in the index; what was seen later stays too; a row that says nothing new writes
nothing. Rows are locked in one order, for as long as one slice takes. Look-ups never wait.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

from tieline.store.database_connect import Connection


class StagedKey(NamedTuple):
    """One number of one party in one system as a file states it. None: the file says nothing about it."""

    e164: str
    extension: str
    connection: str
    external_kind: str
    external_id: str
    last8: str
    seen_at: datetime
    label: str | None = None
    direct: bool | None = None
    display_name: str | None = None
    party_kind: str | None = None
    company: str | None = None
    tier: str | None = None
    tags: list[str] | None = None
    verified: bool | None = None


PLACE_FIELDS: Final = 5
"""So many fields of a `StagedKey` say which entry of the index it is about."""

STAGING: Final = b"""
CREATE TEMP TABLE IF NOT EXISTS staged_keys (
    e164 text, extension text, connection text, external_kind text, external_id text, last8 text, seen_at timestamptz,
    label text, direct boolean, display_name text, party_kind text, company text, tier text, tags text[], verified boolean
) ON COMMIT DELETE ROWS
"""

MANNERS: Final = b"""
SET LOCAL client_min_messages = warning; SET LOCAL lock_timeout = '1s';
SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off
"""
"""The staging table has no statistics: without a hint Postgres might read the whole index for a slice of it."""

COPY: Final = b"COPY staged_keys FROM STDIN (FORMAT BINARY)"
TYPES: Final = (*["text"] * 6, "timestamptz", "text", "bool", *["text"] * 4, "text[]", "bool")

ADD: Final = b"""
INSERT INTO identity_keys (e164, extension, connection, external_kind, external_id, last8, seen_at, label, direct, display_name,
                           party_kind, company, tier, tags, verified)
SELECT e164, extension, connection, external_kind, external_id, last8, seen_at, label, coalesce(direct, false), display_name,
       coalesce(party_kind, 'person'), company, tier, coalesce(tags, '{}'), coalesce(verified, false)
FROM staged_keys
ON CONFLICT (e164, extension, connection, external_kind, external_id) DO NOTHING
"""

RENEW: Final = b"""
UPDATE identity_keys AS known SET
    seen_at = staged.seen_at, label = coalesce(staged.label, known.label), direct = coalesce(staged.direct, known.direct),
    display_name = coalesce(staged.display_name, known.display_name), party_kind = coalesce(staged.party_kind, known.party_kind),
    company = coalesce(staged.company, known.company), tier = coalesce(staged.tier, known.tier),
    tags = coalesce(staged.tags, known.tags), verified = known.verified OR coalesce(staged.verified, false)
FROM staged_keys AS staged
WHERE (known.e164, known.extension, known.connection, known.external_kind, known.external_id)
    = (staged.e164, staged.extension, staged.connection, staged.external_kind, staged.external_id)
AND staged.seen_at >= known.seen_at
AND (staged.seen_at, coalesce(staged.label, known.label), coalesce(staged.direct, known.direct),
     coalesce(staged.display_name, known.display_name), coalesce(staged.party_kind, known.party_kind),
     coalesce(staged.company, known.company), coalesce(staged.tier, known.tier), coalesce(staged.tags, known.tags),
     known.verified OR coalesce(staged.verified, false))
    IS DISTINCT FROM (known.seen_at, known.label, known.direct, known.display_name, known.party_kind, known.company, known.tier,
                      known.tags, known.verified)
"""


async def merge(connection: Connection, keys: Sequence[StagedKey]) -> int:
    """Merge a slice into the index and return how many entries are new or changed. Call within a transaction.

    No two keys of a slice may be about the same entry. Some thousand at once keep the locks short.
    """
    await connection.execute(MANNERS)
    await connection.execute(STAGING)
    async with connection.cursor() as cursor, cursor.copy(COPY) as copy:
        copy.set_types(TYPES)
        for key in sorted(keys, key=_place):
            await copy.write_row(key)
    added = (await connection.execute(ADD)).rowcount
    return added + (await connection.execute(RENEW)).rowcount


def _place(key: StagedKey) -> tuple[object, ...]:
    return key[:PLACE_FIELDS]
