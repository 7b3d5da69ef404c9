"""What fails is written down and the rest goes on; whoever was told to end does, though it was kept from them."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from structlog.testing import capture_logs

from tieline.domain.errors import Overloaded
from tieline.worker.edge import attempt, catch


async def keeps_it_to_himself() -> str:
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        return "done all the same"
    return ""


async def makes_an_error_of_it() -> str:
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        raise OSError from None
    return ""


@pytest.mark.parametrize("work", [keeps_it_to_himself, makes_an_error_of_it])
async def test_whoever_works_until_told_to_end_does_whatever_the_work_makes_of_it(work: Callable[[], Awaitable[str]]) -> None:
    async def again_and_again() -> None:
        for _ in range(2):
            await attempt("test.work", work())

    with capture_logs():
        working = asyncio.create_task(again_and_again())
        await asyncio.sleep(0)
        working.cancel()
        await asyncio.wait([working], timeout=5)
    assert working.cancelled()


async def test_a_time_limit_within_the_work_ends_nobody() -> None:
    async def limited() -> str:
        try:
            async with asyncio.timeout(0):
                await asyncio.Event().wait()
        except TimeoutError:
            return "gave up"
        return ""

    assert await attempt("test.work", limited()) == "gave up"


@pytest.mark.parametrize("failure", [Overloaded("busy"), ZeroDivisionError()])
async def test_what_fails_is_written_down_and_told(failure: Exception) -> None:
    async def fail() -> None:
        raise failure

    with capture_logs() as logs:
        assert await catch("test.work", fail()) == (None, failure)
    assert [entry["work"] for entry in logs] == ["test.work"]
