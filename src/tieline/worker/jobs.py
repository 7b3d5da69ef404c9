"""The durable jobs: the duties as periodic tasks, and those a dead worker left half done given to another.

Procrastinate keeps its tables in our database; jobs of services are enqueued in their own transactions.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog
from procrastinate import App, PsycopgConnector
from procrastinate.jobs import Job, Status

from tieline.kit.clock import Clock
from tieline.services.delivery.lanes import Lanes
from tieline.services.house import House
from tieline.store.database_connect import full_address
from tieline.store.jobs import CARRY
from tieline.store.pools import Pool
from tieline.worker.duties import DUTIES, Duty
from tieline.worker.edge import attempt

HEARTBEAT_LOST_S: Final = 30.0
"""A worker writes down every 10 s that it lives; one silent for this long has died over its jobs."""
RELIEVE_EVERY_S: Final = 5.0
"""So that a dead worker's job is under way again 45 s later at most (promise R5)."""
MOST_ATTEMPTS: Final = 3
"""A job that took this many workers down with it is laid aside."""
log = structlog.get_logger()


def app_of(house: House, url: str, lanes: Lanes, *, concurrency: int) -> App:
    """Return the job application of one worker, not yet opened."""
    app = App(connector=PsycopgConnector(conninfo=full_address(url), min_size=1, max_size=concurrency + 2, pool_factory=Pool))
    for duty in DUTIES:
        _schedule(app, duty.name, duty.cron, _job(duty, house))
    app.task(name=CARRY)(_carrier(lanes))
    return app


def _carrier(lanes: Lanes) -> Callable[..., Awaitable[None]]:
    async def run(connection: str, order_keys: list[str], *, has_turn: bool = False) -> None:
        # The job is over before its deliveries are: if we die, their rows still say what is due, and are looked for.
        lanes.take(connection, order_keys, has_turn=has_turn)

    return run


async def relieve_for_ever(app: App, clock: Clock) -> None:
    """Look for jobs of dead workers until cancelled."""
    while True:
        relieved = await attempt("jobs.relieve", relieve(app, clock))
        if relieved:
            log.info("jobs.relieved", count=relieved)
        await asyncio.sleep(RELIEVE_EVERY_S)


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
