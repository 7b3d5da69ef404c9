"""Webhooks as they come in: durable before the answer, once however often they come, many in one commit.

What arrives while one commit is under way is written by the next one (docs/adr/0012-group-commit.md). The same statement makes
each a piece of work and wakes the workers when it commits.
"""

import asyncio
import base64
from collections.abc import Sequence
from typing import Final

import orjson

from tieline.domain.errors import Overloaded
from tieline.kit.rounds import Rounds
from tieline.store.inbox import Arrival
from tieline.store.pools import HotPool

CHANNEL: Final = "tieline_inbox"
BATCH_LIMIT: Final = 500
WAITING_LIMIT: Final = 2_000
ANSWER_WITHIN_S: Final = 1.0
"""The impatient among senders wait little longer; later than this they are told to come again (promise R3)."""

_KEEP: Final = f"""
    WITH given AS (
        SELECT * FROM json_to_recordset(%s::json)
            AS one (id uuid, connection text, dedupe_key text, kind text, headers jsonb, body text, received_at timestamptz)
    ), kept AS (
        INSERT INTO inbox (id, connection, dedupe_key, kind, headers, body, received_at)
        SELECT id, connection, dedupe_key, kind, headers, decode(body, 'base64'), received_at FROM given
        ORDER BY connection, dedupe_key
        ON CONFLICT (connection, dedupe_key) DO NOTHING RETURNING id
    ), work AS (INSERT INTO inbox_work (inbox_id) SELECT id FROM kept)
    SELECT coalesce(array_agg(id), '{{}}'), pg_notify('{CHANNEL}', '') FROM kept
""".encode()  # noqa: S608 - only a constant of this file is put in
"""Keys are taken in one order: two servers that are brought the same at once never wait for one another."""


class WebhookInbox:
    """The hot way into the inbox. One per process; belongs to one event loop."""

    def __init__(self, pool: HotPool, *, waiting_limit: int = WAITING_LIMIT, answer_within_s: float = ANSWER_WITHIN_S) -> None:
        self._pool = pool
        self._answer_within_s = answer_within_s
        self._waiting_limit = waiting_limit
        self._waiting: set[asyncio.Timeout] = set()
        self._rounds: Rounds[tuple[str, bytes], bool] = Rounds(self._write, most=BATCH_LIMIT)

    async def keep(self, arrival: Arrival) -> bool:
        """Return once the request is on disk; False: the same was kept before.

        Raises: Overloaded: too many wait, or the database is away or slow. It may have been kept nevertheless; the sender, told
        to come again, then brings what is known already.
        """
        if len(self._waiting) >= self._waiting_limit:
            raise Overloaded(code="inbox_busy")
        patience = asyncio.timeout(self._answer_within_s)
        try:
            async with patience:
                self._waiting.add(patience)
                return await self._rounds.ask((str(arrival.id), prepared(arrival)))
        except TimeoutError as exc:
            raise Overloaded(code="inbox_slow") from exc
        finally:
            self._waiting.discard(patience)

    def give_up(self) -> None:
        """Let nobody wait any longer: whoever does is told `inbox_slow` at once, as if their time were over."""
        for patience in self._waiting:
            if not patience.expired():
                patience.reschedule(0)

    async def put(self, rows: Sequence[bytes]) -> frozenset[str]:
        """Keep what was prepared, and return the ids of what was not kept before. Raises: Overloaded."""
        text = (b"[" + b",".join(rows) + b"]").decode()
        async with self._pool.connection() as connection:
            found = await (await connection.execute(_KEEP, (text,))).fetchone()
        return frozenset(str(one) for one in found[0]) if found else frozenset()

    async def probe(self) -> None:
        """Return if the database takes anything. Raises: Overloaded."""
        async with self._pool.connection() as connection:
            await connection.execute(b"SELECT 1")

    async def _write(self, rows: Sequence[tuple[str, bytes]]) -> Sequence[bool]:
        new = await self.put([row for _, row in rows])
        return [arrival_id in new for arrival_id, _ in rows]


def prepared(arrival: Arrival) -> bytes:
    """Encode one row early, so that what cannot be encoded fails in its caller alone."""
    return orjson.dumps(
        {
            "id": str(arrival.id),
            "connection": arrival.connection,
            "dedupe_key": arrival.dedupe_key,
            "kind": arrival.kind,
            "headers": dict(arrival.headers),
            "body": base64.b64encode(arrival.body).decode(),
            "received_at": arrival.received_at,
        }
    )
