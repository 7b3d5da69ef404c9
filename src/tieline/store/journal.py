"""Rows that must be durable before an answer leaves, written in groups. See docs/adr/0012-group-commit.md.

While one batch is being committed the next one fills; nobody waits for a batch to become full. Under one caller this is a
plain insert, under many it is one commit for all who came in the meantime.
"""

import asyncio
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import psycopg

from tieline.domain.errors import Overloaded
from tieline.store.journal_rows import Append, AuditRow, PopRow, Prepared, prepare, statement
from tieline.store.pools import HotPool

__all__ = ["Append", "AuditRow", "Journal", "PopRow"]

BATCH_LIMIT: Final = 500
WAITING_LIMIT: Final = 10_000


@dataclass(slots=True, eq=False)
class Batch:
    """Rows that are committed together. `refused` holds what Postgres would not take, by position."""

    commit: "asyncio.Task[None]" = field(init=False)
    rows: list[Prepared] = field(default_factory=list)
    refused: dict[int, Exception] = field(default_factory=dict)


class Entry(NamedTuple):
    """The place of one caller's rows in a batch. Awaiting it returns once they are on disk; raises as `Journal.append`."""

    batch: Batch
    position: int

    def __await__(self) -> Generator[Any, Any, None]:
        yield from asyncio.shield(self.batch.commit).__await__()
        if self.position in self.batch.refused:
            raise self.batch.refused[self.position]


class Journal:
    """Appends to the audit trail and the pops of one process. Belongs to one event loop."""

    def __init__(self, pool: HotPool, *, waiting_limit: int = WAITING_LIMIT) -> None:
        self._pool = pool
        self._waiting_limit = waiting_limit
        self._waiting = 0
        self._filling: Batch | None = None
        self._latest: asyncio.Task[None] | None = None
        self._closed = False

    async def append(self, append: Append) -> None:
        """Return once the rows are on disk. A caller that is cancelled takes nothing back.

        Raises: Overloaded: too many are waiting, or the database is away (then for everyone in the batch, and whether the
        rows were written is not known). psycopg.Error, TypeError: these rows, and only these, were refused.
        """
        await self.begin(append)

    def begin(self, append: Append) -> Entry:
        """Hand rows over and return at once; await the entry before anything leaves the house. Raises: Overloaded, TypeError."""
        if self._closed or self._waiting >= self._waiting_limit:
            raise Overloaded("the journal takes no more rows at the moment", code="journal_busy")
        row = prepare(append)
        batch = self._open_batch()
        position = len(batch.rows)
        batch.rows.append(row)
        self._waiting += 1
        return Entry(batch, position)

    async def close(self) -> None:
        """Take nothing more and return when everything taken is written, or has failed in its waiters."""
        self._closed = True
        if self._latest is not None:
            await asyncio.wait([self._latest])

    def _open_batch(self) -> Batch:
        """Return the batch that is filling; begin one behind the batch now being written if there is none, or it is full."""
        if self._filling is None or len(self._filling.rows) >= BATCH_LIMIT:
            batch = Batch()
            batch.commit = asyncio.create_task(self._commit(batch, behind=self._latest))
            self._filling, self._latest = batch, batch.commit
        return self._filling

    async def _commit(self, batch: Batch, *, behind: "asyncio.Task[None] | None") -> None:
        if behind is not None and not behind.done():
            await asyncio.wait([behind])
        if self._filling is batch:
            self._filling = None
        try:
            await self._write(batch, 0, len(batch.rows))
        finally:
            self._waiting -= len(batch.rows)

    async def _write(self, batch: Batch, start: int, end: int) -> None:
        """Write the rows from `start` to before `end`; if one spoils them, halve them until it stands alone."""
        query, arrays = statement(batch.rows[start:end])
        try:
            async with self._pool.connection() as connection:
                await connection.execute(query, arrays)
        except psycopg.Error as exc:
            if end - start == 1:
                batch.refused[start] = exc
                return
            middle = (start + end) // 2
            await self._write(batch, start, middle)
            await self._write(batch, middle, end)
