"""Where the database stands: its revision and its clock, in one question."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection


async def read(conn: AsyncConnection) -> tuple[str | None, datetime]:
    """Return the revision (None before the first migration) and the database's present instant."""
    exists, now = (await conn.execute(text("SELECT to_regclass('alembic_version') IS NOT NULL, clock_timestamp()"))).one()
    if not exists:
        return None, now
    return (await conn.execute(text("SELECT max(version_num) FROM alembic_version"))).scalar_one(), now
