"""How far each file was imported; the cursor moves within the transaction of the rows it counts."""

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from tieline.store.tables_batch import imports


@dataclass(frozen=True, slots=True)
class ImportCursor:
    """One import of one file. `rows_read` counts every row after the headings; `rejects_bytes`: length of the rejects file."""

    kind: str
    digest: str
    as_of: datetime
    begun_at: datetime
    finished_at: datetime | None = None
    rows_read: int = 0
    rows_taken: int = 0
    rows_rejected: int = 0
    keys_changed: int = 0
    rejects_bytes: int = 0


async def find(conn: AsyncConnection, kind: str, digest: str) -> ImportCursor | None:
    """Return how far a file was imported; None: nobody began."""
    query = select(imports).where(imports.c.kind == kind, imports.c.digest == digest)
    row = (await conn.execute(query)).one_or_none()
    return ImportCursor(**row._asdict()) if row else None


async def begin(tx: AsyncConnection, cursor: ImportCursor) -> bool:
    """Note that a file is being imported; False: somebody began before."""
    statement = insert(imports).values(asdict(cursor)).on_conflict_do_nothing(index_elements=["kind", "digest"])
    return (await tx.execute(statement.returning(imports.c.digest))).one_or_none() is not None


async def move(tx: AsyncConnection, before: ImportCursor, after: ImportCursor) -> bool:
    """Move the cursor on; False: it no longer stands where it did, since somebody else imports the same file."""
    table = imports.c
    at_the_place = (table.kind == before.kind) & (table.digest == before.digest) & (table.rows_read == before.rows_read)
    unfinished = table.finished_at.is_(None) if before.finished_at is None else table.finished_at == before.finished_at
    moved = await tx.execute(update(imports).where(at_the_place, unfinished).values(asdict(after)))
    return moved.rowcount == 1
