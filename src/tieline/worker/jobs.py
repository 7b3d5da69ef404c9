"""The jobs, one line each: what is due by the minute, carried by procrastinate so that exactly one worker does it."""

from procrastinate import App, JobContext, PsycopgConnector

from tieline.services import call_settling, retention
from tieline.services.house import House

STALLED_AFTER_S = 60


def jobs_of(house: House, url: str) -> App:
    """Return the job application for one worker process."""
    app = App(connector=PsycopgConnector(conninfo=url, min_size=1, max_size=4))

    @app.periodic(cron="* * * * *")
    @app.task(name="calls.sweep_lost", queueing_lock="calls.sweep_lost", pass_context=False)
    async def sweep_lost(timestamp: int) -> None:
        """Close calls whose hang-up never came."""
        del timestamp
        await call_settling.sweep_lost(house.calls, house.clock())

    @app.periodic(cron="*/5 * * * *")
    @app.task(name="retention.tidy", queueing_lock="retention.tidy")
    async def tidy(timestamp: int) -> None:
        """Forget what is older than its time."""
        del timestamp
        await retention.tidy(house.database, house.clock())

    @app.periodic(cron="* * * * *")
    @app.task(name="jobs.retry_stalled", queueing_lock="jobs.retry_stalled", pass_context=True)
    async def retry_stalled(context: JobContext, timestamp: int) -> None:
        """Give jobs of workers that died to others."""
        del timestamp
        manager = context.app.job_manager
        for job in await manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_AFTER_S):
            await manager.retry_job(job)

    return app
