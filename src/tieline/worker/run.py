"""One worker: scheduled jobs and the things due by the second, until told to stop."""

import asyncio

from tieline.services.house import House
from tieline.worker.jobs import jobs_of
from tieline.worker.ticks import tick


async def run(house: House, url: str, *, concurrency: int) -> None:
    """Work until cancelled. `concurrency`: jobs at the same time. Raises: procrastinate's errors if the database refuses us."""
    app = jobs_of(house, url)
    async with app.open_async(), asyncio.TaskGroup() as group:
        group.create_task(tick(house), name="ticks")
        group.create_task(app.run_worker_async(concurrency=concurrency, install_signal_handlers=False), name="jobs")
