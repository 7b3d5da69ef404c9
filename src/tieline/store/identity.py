"""The index of numbers: who, in every connected system, carries a number. A ring asks it through `store.memory`.

Exact E.164 first; only if nobody carries the number, parties of the same country whose last eight digits are equal, for systems
that wrote it down badly.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

import orjson

from tieline.store.database_connect import Connection
from tieline.store.number_marks import NumberMark
from tieline.store.pools import HotPool

SUFFIX_DIGITS: Final = 8
"""Fewer digits than this are never compared by their end (rule book, 4.1)."""

HITS_AT_MOST: Final = 50


@dataclass(frozen=True, slots=True)
class IdentityKey:
    """One number of one party in one system. `extension` is empty for a number without one."""

    e164: str
    connection: str
    external_id: str
    seen_at: datetime
    external_kind: str = "customer"
    extension: str = ""
    label: str | None = None
    direct: bool = False
    display_name: str | None = None
    party_kind: str = "person"
    company: str | None = None
    tier: str | None = None
    tags: tuple[str, ...] = ()
    verified: bool = False

    @property
    def last8(self) -> str:
        """Return the last eight digits; fewer if the number has fewer."""
        return self.e164.lstrip("+")[-SUFFIX_DIGITS:]


class Found(NamedTuple):
    """Who carries the number. `exact` is false when only the last eight digits are equal; `more` says the list was cut."""

    keys: tuple[IdentityKey, ...] = ()
    exact: bool = True
    more: bool = False
    mark: NumberMark | None = None


COLUMNS: Final = (
    "e164, connection, external_id, seen_at, external_kind, extension, label, direct, display_name, party_kind, company, "
    "tier, tags, verified"
)

ORDER: Final = "ORDER BY (extension = asked.extension) DESC, direct DESC, seen_at DESC, connection, external_id"
"""The caller's extension first, then direct numbers, then the most recently seen; the rest only keeps the order stable."""

HITS: Final = f"""
    WITH exact AS (
        SELECT {COLUMNS}, true AS is_exact FROM identity_keys WHERE e164 = asked.e164
        {ORDER} LIMIT asked.most_hits
    ), alike AS (
        SELECT {COLUMNS}, false AS is_exact FROM identity_keys
        WHERE last8 = asked.last8 AND starts_with(e164, asked.country_prefix) AND NOT EXISTS (SELECT FROM exact)
        {ORDER} LIMIT asked.most_hits
    )
    SELECT * FROM exact UNION ALL SELECT * FROM alike
"""  # noqa: S608 - only constants of this file are put in
"""Who carries `asked.e164`, best first, as a part of a larger statement. An empty `asked.last8` is nobody's."""

ORGANISATIONS: Final = f"""
SELECT {COLUMNS} FROM identity_keys WHERE e164 = ANY(%(e164s)s) AND party_kind = 'organization' AND extension = ''
ORDER BY length(e164) DESC, seen_at DESC LIMIT %(limit)s
""".encode()  # noqa: S608 - likewise

UPSERT: Final = f"""
INSERT INTO identity_keys ({COLUMNS}, last8)
SELECT e164, connection, external_id, seen_at, external_kind, extension, label, direct, display_name, party_kind, company,
       tier, ARRAY(SELECT jsonb_array_elements_text(tags::jsonb)), verified, last8
FROM unnest(%s::text[], %s::text[], %s::text[], %s::timestamptz[], %s::text[], %s::text[], %s::text[], %s::bool[], %s::text[],
            %s::text[], %s::text[], %s::text[], %s::text[], %s::bool[], %s::text[]) AS given({COLUMNS}, last8)
ON CONFLICT (e164, extension, connection, external_kind, external_id) DO UPDATE SET
    seen_at = excluded.seen_at, label = excluded.label, direct = excluded.direct, display_name = excluded.display_name,
    party_kind = excluded.party_kind, company = excluded.company, tier = excluded.tier, tags = excluded.tags,
    verified = identity_keys.verified OR excluded.verified
WHERE excluded.seen_at >= identity_keys.seen_at
""".encode()  # noqa: S608 - likewise

DROP_OTHERS: Final = b"""
DELETE FROM identity_keys WHERE connection = %s AND external_kind = %s AND external_id = %s
AND NOT (e164, extension) IN (SELECT * FROM unnest(%s::text[], %s::text[]))
"""


def suffix_of(e164: str) -> str:
    """Return the digits by which a number may be compared with one written down badly; empty if it has too few."""
    digits = e164.lstrip("+")[-SUFFIX_DIGITS:]
    return digits if len(digits) == SUFFIX_DIGITS else ""


async def organisations(pool: HotPool, e164s: Sequence[str], *, limit: int = HITS_AT_MOST) -> tuple[IdentityKey, ...]:
    """Return the organisations behind any of `e164s`, the longest number first: a switchboard for a direct-dial number."""
    async with pool.connection() as connection:
        rows = await (await connection.execute(ORGANISATIONS, {"e164s": list(e164s), "limit": limit})).fetchall()
    return tuple(_key(row) for row in rows)


async def upsert(connection: Connection, keys: Iterable[IdentityKey]) -> int:
    """Write keys in one statement and return how many were new or changed.

    What was seen earlier never replaces what was seen later, and a number once verified stays so. Of two keys for the same
    place in `keys`, the later seen counts. Give at most some ten thousand at once.
    """
    by_place = {_place(key): key for key in sorted(keys, key=lambda key: key.seen_at)}
    if not by_place:
        return 0
    columns = [list(column) for column in zip(*map(_values, by_place.values()), strict=True)]
    return (await connection.execute(UPSERT, columns)).rowcount


async def replace(connection: Connection, keys: Sequence[IdentityKey], *, of: tuple[str, str, str]) -> None:
    """Make `keys` all the numbers of one party; `of` is its connection, kind and id. Call within a transaction."""
    await connection.execute(DROP_OTHERS, (*of, [key.e164 for key in keys], [key.extension for key in keys]))
    await upsert(connection, keys)


async def unlink(connection: Connection, e164: str, *, of: tuple[str, str], label: str) -> int:
    """Forget that a number was kept with a record (connection and id) under a label, and return how many entries that were."""
    statement = b"""
        DELETE FROM identity_keys
        WHERE e164 = %s AND connection = %s AND external_kind = 'customer' AND external_id = %s AND label = %s
    """
    return (await connection.execute(statement, (e164, *of, label))).rowcount


async def forget(connection: Connection, *, of: tuple[str, str, str]) -> int:
    """Drop every number of one party and return how many there were."""
    return (await connection.execute(DROP_OTHERS, (*of, [], []))).rowcount


def found_in(hits: Sequence[Mapping[str, Any]], *, at_most: int, mark: NumberMark | None) -> Found:
    """Read what `HITS` found, asked for one more than `at_most`; instants as ISO text."""
    keys = tuple(_key_of(hit) for hit in hits[:at_most])
    return Found(keys=keys, exact=not hits or hits[0]["is_exact"], more=len(hits) > at_most, mark=mark)


def _key_of(hit: Mapping[str, Any]) -> IdentityKey:
    fields = {name: value for name, value in hit.items() if name != "is_exact"}
    return IdentityKey(**{**fields, "seen_at": datetime.fromisoformat(hit["seen_at"]), "tags": tuple(hit["tags"])})


def _key(row: Sequence[Any]) -> IdentityKey:
    *fields, tags, verified = row
    values: tuple[Any, ...] = (*fields, tuple(tags), verified)
    return IdentityKey(*values)


def _place(key: IdentityKey) -> tuple[str, ...]:
    return (key.e164, key.extension, key.connection, key.external_kind, key.external_id)


def _values(key: IdentityKey) -> tuple[Any, ...]:
    *fields, tags, verified = astuple(key)
    return (*fields, orjson.dumps(tags).decode(), verified, key.last8)
