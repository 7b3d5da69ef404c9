"""The product's limits on waiting, made longer: a busy machine is no reason to fail. Whoever tests such a limit sets it.

Run as a script it is `tieline`, as patient: for servers that are processes of their own.
"""

from typing import Final

from tieline.connectors.wire import addresses, dialling, limits
from tieline.store import database, database_connect

LONG_S: Final = 20.0


def with_vendors_and_database() -> None:
    """Wait longer for a connection, a statement, a lock, a vendor's address, a dialled vendor and a place in its queue."""
    database.ACQUIRE_TIMEOUT_S = LONG_S
    database_connect.STATEMENT_LIMITS_MS |= {"statement_timeout": 30_000, "lock_timeout": 10_000}
    limits.LIVE_WAIT_S = addresses.LOOK_UP_TIMEOUT_S = dialling.CONNECT_TIMEOUT_S = LONG_S


def with_a_house() -> None:
    """Wait longer before what is told is laid aside and before a call is routed without memory."""
    from tieline import furnishing  # noqa: PLC0415 - most tests have no house, and it is all there is to import
    from tieline.services import routing  # noqa: PLC0415 - likewise

    furnishing.SPOOL_AFTER_S = routing.ANSWER_WITHIN_S = LONG_S


if __name__ in {"__main__", "__mp_main__"}:
    with_vendors_and_database()
    with_a_house()
if __name__ == "__main__":
    from tieline.main import run

    run()
