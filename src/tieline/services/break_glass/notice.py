"""Whether a local administrator is in at this moment: told on every page, by the readiness and by the metrics."""

from tieline.kit.clock import Clock
from tieline.observability.metrics import LOCAL_ADMINS
from tieline.services.session_opening import SESSION_IDLE
from tieline.store import sessions
from tieline.store.database import Database


async def sessions_open(database: Database, *, clock: Clock) -> int:
    """Return how many of their sessions still open something. Raises: Overloaded."""
    async with database.read() as conn:
        return await sessions.of_admins(conn, now=clock(), idle=SESSION_IDLE)


async def observe(database: Database, *, clock: Clock) -> None:
    """Bring the gauge up to date. Raises: Overloaded."""
    LOCAL_ADMINS.set(await sessions_open(database, clock=clock))
