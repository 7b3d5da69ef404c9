"""Cancellations that somebody on the way has kept to himself.

`asyncio.wait_for` does before Python 3.12, when it is cancelled in the moment its wait ends (python/cpython#86296), and psycopg's
pool does where it has a connection to lend by then. A task that works until it is cancelled would never hear of it.
"""

import asyncio


def cancellations() -> int:
    """Return how often the task at work has been told to end, timeouts that are over aside."""
    task = asyncio.current_task()
    return task.cancelling() if task is not None else 0


def heed(before: int) -> None:
    """Raise what was kept from the task since it had been told to end `before` times."""
    if cancellations() > before:
        raise asyncio.CancelledError
