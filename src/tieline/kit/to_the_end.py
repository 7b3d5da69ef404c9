"""Finishing what must not be left half done, however often whoever waits for it is cancelled."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def to_the_end(work: "Coroutine[Any, Any, T] | asyncio.Task[T]") -> T:
    """Wait until `work` has ended. Whoever is cancelled meanwhile, once or many times, is so only then.

    `asyncio.shield` lets go of the work at the first cancellation, and a wait for the rest of it ends at the second. Those do
    come in rows: a timeout inside a timeout, a task group that ends, anyio's scopes, which cancel until they are obeyed.
    """
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as exc:
            cancelled = exc
    if cancelled is None:
        return task.result()
    if not task.cancelled():
        task.exception()  # Read, so that asyncio does not report as unheard of what nobody can be told any more.
    raise cancelled
