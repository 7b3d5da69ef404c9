"""One worker: ticks, listeners and jobs side by side, for as long as the process lives."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Final

from tieline.services.delivery.lanes import Lanes
from tieline.services.house import House
from tieline.services.subscriptions.telling import tell_new
from tieline.services.webhooks.reading import read_due
from tieline.store import happenings, webhook_inbox
from tieline.store.notifications import Note
from tieline.worker.deliveries import hear_for_ever, lanes_of, look_for_ever
from tieline.worker.edge import attempt, catch
from tieline.worker.jobs import app_of, relieve_for_ever
from tieline.worker.listeners import listen_for_ever
from tieline.worker.ticks import tick_for_ever

COME_BACK_S: Final = 2.0
"""Seconds until the job runner is started again after the database went away under it."""
STOP_WITHIN_S: Final = 5.0


async def run(house: House, url: str, *, concurrency: int) -> None:
    """Work until cancelled. `concurrency` deliveries of each connection, and as many jobs, are under way at once.

    `url` is the database the jobs are kept in.
    """
    lanes = lanes_of(house, at_once=concurrency)
    try:
        await _side_by_side(house, url, lanes, concurrency=concurrency)
    finally:
        await lanes.aclose(within_s=STOP_WITHIN_S)


async def _side_by_side(house: House, url: str, lanes: Lanes, *, concurrency: int) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(hear_for_ever(house, lanes), name="deliveries")
        group.create_task(look_for_ever(house, lanes), name="deliveries nobody came for")
        group.create_task(tick_for_ever(house), name="ticks")
        group.create_task(listen_for_ever(house), name="listeners")
        group.create_task(read_for_ever(house), name="webhooks")
        group.create_task(tell_for_ever(house), name="subscribers")
        group.create_task(_jobs_for_ever(house, url, lanes, concurrency=concurrency), name="jobs")


async def read_for_ever(house: House) -> None:
    """Read what other systems tell as it comes in, until cancelled; what waits longer is looked for at every tick."""
    await look_whenever(
        house.database.listen(webhook_inbox.CHANNEL),
        lambda: attempt("webhooks.read", read_due(house.webhooks, catch=catch)),
    )


async def tell_for_ever(house: House) -> None:
    """Promise subscribers what happens as it happens, until cancelled; what is missed is looked for at every tick."""
    await look_whenever(
        house.database.listen(happenings.CHANNEL),
        lambda: attempt("subscribers.tell", tell_new(house.subscriptions)),
    )


async def look_whenever(notes: contextlib.aclosing[AsyncGenerator[Note, None]], look: Callable[[], Awaitable[object]]) -> None:
    """Look when something is notified, once for all that was notified meanwhile, until cancelled.

    A look for each note would find nothing, or a database that is away, as often as notes had come during the one before.
    """
    told = asyncio.Event()

    async def hear() -> None:
        async with notes as heard:
            async for _ in heard:
                told.set()

    async with asyncio.TaskGroup() as group:
        group.create_task(hear())
        while True:
            await told.wait()
            told.clear()
            await look()


async def _jobs_for_ever(house: House, url: str, lanes: Lanes, *, concurrency: int) -> None:
    while True:
        await attempt("jobs.run", _jobs(house, url, lanes, concurrency=concurrency))
        await asyncio.sleep(COME_BACK_S)


async def _jobs(house: House, url: str, lanes: Lanes, *, concurrency: int) -> None:
    app = app_of(house, url, lanes, concurrency=concurrency)
    async with app.open_async():
        relief = asyncio.create_task(relieve_for_ever(app, house.clock), name="relief")
        try:
            await app.run_worker_async(
                concurrency=concurrency,
                install_signal_handlers=False,
                delete_jobs="successful",
                shutdown_graceful_timeout=STOP_WITHIN_S,
            )
        finally:
            relief.cancel()
            await asyncio.wait([relief])
