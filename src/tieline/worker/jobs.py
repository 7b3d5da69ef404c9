"""The durable jobs: the duties as periodic tasks, and those a dead worker left half done given to another.

Procrastinate keeps its tables in our database; jobs of services are enqueued in their own transactions.
"""

from collections.abc import Awaitable, Callable
from typing import Final

import structlog
from procrastinate import App, PsycopgConnector
from procrastinate.jobs import Job, Status

from tieline.kit.clock import Clock
from tieline.services.house import House
from tieline.store.database_connect import full_address
from tieline.worker.duties import DUTIES, Duty

HEARTBEAT_LOST_S: Final = 60.0
"""A worker writes down every 10 s that it lives; one silent for this long has died over its jobs."""
MOST_ATTEMPTS: Final = 3
"""A job that took this many workers down with it is laid aside."""
EVERY_MINUTE: Final = "* * * * *"
log = structlog.get_logger()


def app_of(house: House, url: str, *, concurrency: int) -> App:
    """Return the job application of one worker, not yet opened."""
    app = App(connector=PsycopgConnector(conninfo=full_address(url), min_size=1, max_size=concurrency + 2))
    for duty in DUTIES:
        _schedule(app, duty.name, duty.cron, _job(duty, house))
    _schedule(app, "jobs.relieve", EVERY_MINUTE, _relief(app, house.clock))
    return app


async def relieve(app: App, clock: Clock) -> int:
    """Hand the jobs of dead workers to living ones, and lay aside those that keep killing them. Return how many."""
    orphans = list(await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=HEARTBEAT_LOST_S))
    for job in orphans:
        await _relieve_one(app, job, clock)
    return len(orphans)


async def _relieve_one(app: App, job: Job, clock: Clock) -> None:
    if job.attempts < MOST_ATTEMPTS:
        log.warning("job.relieved", job=job.task_name, attempts=job.attempts)
        await app.job_manager.retry_job(job, retry_at=clock())
    else:
        log.error("job.laid_aside", job=job.task_name, attempts=job.attempts)
        await app.job_manager.finish_job(job, Status.FAILED, delete_job=False)


PeriodicJob = Callable[[int], Awaitable[None]]


def _schedule(app: App, name: str, cron: str, job: PeriodicJob) -> None:
    """Register a periodic task that never waits twice in the queue."""
    app.periodic(cron=cron)(app.task(name=name, queueing_lock=name)(job))


def _job(duty: Duty, house: House) -> PeriodicJob:
    async def run(timestamp: int) -> None:
        done = await duty.work(house, house.clock())
        log.info("duty.done", duty=duty.name, count=done, scheduled_for=timestamp)

    return run


def _relief(app: App, clock: Clock) -> PeriodicJob:
    async def run(timestamp: int) -> None:
        relieved = await relieve(app, clock)
        log.info("duty.done", duty="jobs.relieve", count=relieved, scheduled_for=timestamp)

    return run
