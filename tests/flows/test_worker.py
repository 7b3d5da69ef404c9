"""The worker on a running house: what is due by the clock gets done, once, and a failure does not stop the rest."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from tests.flows.door import patiently
from tests.flows.house import RunningHouse

from tieline.domain.call import CallEvent
from tieline.domain.errors import Overloaded
from tieline.services.call_events import record
from tieline.worker.deliveries import lanes_of
from tieline.worker.duties import DUTIES
from tieline.worker.edge import attempt
from tieline.worker.jobs import app_of, relieve
from tieline.worker.run import run
from tieline.worker.ticks import tick

QUESTION = b"""
    INSERT INTO review_items (id, kind, subject_key, first_at, last_at, expires_at)
    VALUES (gen_random_uuid(), 'unknown_caller', '+8613900000000', now(), now(), now() - interval '1 hour')
"""
ORPHAN = b"""
    INSERT INTO procrastinate_jobs (task_name, queue_name, status, attempts, args)
    VALUES ('records.tidy', 'default', 'doing', %s, '{"timestamp": 0}')
"""


async def told(house: RunningHouse, word: str, *, ago: timedelta = timedelta(0), **fields: str) -> None:
    at = house.clock() - ago
    body = {"call_id": "c-1", "type": word, "from": "+8613800138000", "to": "+861065543800", "at": at, **fields}
    await record(house.house.calls, CallEvent.model_validate(body), provider="test", now=at)


@asynccontextmanager
async def working(house: RunningHouse) -> AsyncIterator[None]:
    worker = asyncio.create_task(run(house.house, house.database_url, concurrency=2))
    try:
        yield
    finally:
        worker.cancel()
        await asyncio.wait([worker])
        assert worker.cancelled()


async def test_a_tick_settles_calls_that_are_due(house: RunningHouse) -> None:
    await told(house, "answered", agent="1001", ago=timedelta(seconds=40))
    await told(house, "ended", ago=timedelta(seconds=10))
    await tick(house.house)
    assert await house.rows("SELECT state, outcome, settled_at IS NOT NULL FROM interactions") == [("ended", "served", True)]


async def test_a_tick_takes_up_a_promise_whose_server_died(house: RunningHouse) -> None:
    await told(house, "ringing", agent="1001")
    await house.house.delivery.aclose()
    await house.rows_changed(b"UPDATE pops SET state = 'promised', claimed_at = NULL, shown_at = NULL")
    house.clock.forward(timedelta(seconds=5))
    await tick(house.house)
    async for _ in patiently("the card was never shown"):
        if await house.rows("SELECT state FROM pops") == [("shown",)]:
            return


async def test_duties_are_done_by_one_of_two_workers(house: RunningHouse) -> None:
    await told(house, "answered", agent="1001", ago=timedelta(hours=5))
    async with working(house), working(house):
        async for _ in patiently("the duty of every minute was never done", within_s=90):
            if await house.rows("SELECT outcome FROM interactions") == [("unknown_lost_hangup",)]:
                break
    repeated = await house.rows(
        "SELECT task_name FROM procrastinate_periodic_defers GROUP BY 1, defer_timestamp HAVING count(*) > 1"
    )
    assert repeated == []


async def test_the_hourly_duty_closes_questions_nobody_answered(house: RunningHouse) -> None:
    await house.rows_changed(QUESTION)
    (expire,) = (duty for duty in DUTIES if duty.name == "reviews.expire")
    assert await expire.work(house.house, house.clock()) == 1
    assert await house.rows("SELECT state FROM review_items") == [("expired",)]


@pytest.mark.parametrize(("attempts", "becomes"), [(1, "todo"), (3, "failed")])
async def test_a_dead_workers_job_is_given_to_another_until_it_has_killed_three(
    house: RunningHouse, attempts: int, becomes: str
) -> None:
    async with house.database.pool.connection() as connection:
        await connection.execute(ORPHAN, (attempts,))
    app = app_of(house.house, house.database_url, lanes_of(house.house, at_once=1), concurrency=1)
    async with app.open_async():
        assert await relieve(app, house.clock) == 1
    assert await house.rows("SELECT status::text FROM procrastinate_jobs ORDER BY id DESC LIMIT 1") == [(becomes,)]


async def test_what_fails_is_written_down_and_lets_the_rest_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    async def broken() -> int:
        raise ZeroDivisionError

    async def away() -> int:
        raise Overloaded

    assert [await attempt("a", broken()), await attempt("b", away()), await attempt("c", asyncio.sleep(0, 7))] == [None, None, 7]
    written = capsys.readouterr().out
    assert "work.failed" in written
    assert "work.postponed" in written
