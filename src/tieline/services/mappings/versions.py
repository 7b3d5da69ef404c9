"""Read what held from when on."""

from collections.abc import Sequence

from tieline.services.mappings.state import state_of
from tieline.store import mappings
from tieline.store.database import Database
from tieline.store.mappings import Version


async def page(database: Database, connection: str, *, before: int | None, limit: int) -> Sequence[Version]:
    """Return versions, the newest first, from just past `before` (a number). Raises: NotFound: there is no such connection."""
    async with database.begin() as tx:
        await state_of(tx, connection)
        return await mappings.versions(tx, connection, before=before, limit=limit)
