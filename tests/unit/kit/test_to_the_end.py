import asyncio

import pytest

from tieline.kit.to_the_end import to_the_end


async def started(work: asyncio.Event, done: asyncio.Event, *, fails: bool = False) -> str:
    await work.wait()
    done.set()
    if fails:
        raise ZeroDivisionError
    return "ended"


async def test_it_returns_what_the_work_returns() -> None:
    go = asyncio.Event()
    go.set()
    assert await to_the_end(started(go, asyncio.Event())) == "ended"


@pytest.mark.parametrize("fails", [False, True])
async def test_whoever_is_cancelled_many_times_waits_for_the_end_and_is_cancelled_then(fails: bool) -> None:  # noqa: FBT001
    go, done = asyncio.Event(), asyncio.Event()
    waiting = asyncio.create_task(to_the_end(started(go, done, fails=fails)))
    for _ in range(5):
        await asyncio.sleep(0)
        waiting.cancel()
    await asyncio.sleep(0)
    assert not waiting.done()
    go.set()
    await asyncio.wait([waiting])
    assert (done.is_set(), waiting.cancelled()) == (True, True)


async def test_work_that_is_itself_cancelled_ends_the_wait() -> None:
    work = asyncio.create_task(started(asyncio.Event(), asyncio.Event()))
    waiting = asyncio.create_task(to_the_end(work))
    await asyncio.sleep(0)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
