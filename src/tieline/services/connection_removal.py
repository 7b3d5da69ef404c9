"""Remove a connection, and have its vendor stop telling us: the last thing that is asked with its settings."""

from tieline.security.permissions import Caller
from tieline.services import connection_settings
from tieline.services.house import House
from tieline.services.upkeep import ending


async def remove(house: House, name: str, *, tag: str | None, by: Caller) -> None:
    """Remove it first, so that nobody subscribes anew meanwhile. A vendor that does not stop becomes a question.

    Raises: NotFound. PreconditionRequired. PreconditionFailed.
    """
    removed = await connection_settings.remove(house, name, tag=tag, by=by)
    await ending.end_removed(house, removed)
