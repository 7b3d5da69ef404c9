"""Many who ask at once are answered together, and nobody suffers for another."""

import asyncio
from collections.abc import Sequence

import pytest

from tieline.kit.rounds import Rounds


class Oracle:
    """Doubles numbers; each round waits until it is let go, and zero spoils its round."""

    def __init__(self) -> None:
        self.rounds: list[list[int]] = []
        self.gate = asyncio.Event()

    async def answer(self, questions: Sequence[int]) -> Sequence[int]:
        self.rounds.append(list(questions))
        await self.gate.wait()
        if 0 in questions:
            raise ZeroDivisionError
        return [2 * question for question in questions]


async def asked(rounds: Rounds[int, int], *questions: int) -> list["asyncio.Task[int]"]:
    tasks = [asyncio.create_task(rounds.ask(question)) for question in questions]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return tasks


async def test_one_asks_alone_and_those_who_come_meanwhile_together() -> None:
    oracle = Oracle()
    rounds = Rounds(oracle.answer, most=10)
    first = await asked(rounds, 1)
    others = await asked(rounds, 2, 3, 4)
    oracle.gate.set()
    assert await asyncio.gather(*first, *others) == [2, 4, 6, 8]
    assert oracle.rounds == [[1], [2, 3, 4]]


async def test_a_full_round_begins_another_behind_it() -> None:
    oracle = Oracle()
    rounds = Rounds(oracle.answer, most=2)
    tasks = [*await asked(rounds, 1), *await asked(rounds, 2, 3, 4, 5, 6)]
    oracle.gate.set()
    assert await asyncio.gather(*tasks) == [2, 4, 6, 8, 10, 12]
    assert oracle.rounds == [[1], [2, 3], [4, 5], [6]]


async def test_a_round_that_fails_fails_for_its_own_and_the_next_goes_on() -> None:
    oracle = Oracle()
    rounds = Rounds(oracle.answer, most=10)
    spoilt = await asked(rounds, 0)
    others = await asked(rounds, 1, 2)
    oracle.gate.set()
    with pytest.raises(ZeroDivisionError):
        await spoilt[0]
    assert await asyncio.gather(*others) == [2, 4]


async def test_whoever_leaves_takes_nothing_from_the_others() -> None:
    oracle = Oracle()
    rounds = Rounds(oracle.answer, most=10)
    await asked(rounds, 1)
    leaver, stayer = await asked(rounds, 2, 3)
    leaver.cancel()
    oracle.gate.set()
    assert await stayer == 6
    assert leaver.cancelled()
    assert oracle.rounds == [[1], [2, 3]]


async def test_a_failure_that_nobody_waits_for_any_more_is_no_noise(caplog: pytest.LogCaptureFixture) -> None:
    oracle = Oracle()
    rounds = Rounds(oracle.answer, most=10)
    (leaver,) = await asked(rounds, 0)
    leaver.cancel()
    oracle.gate.set()
    await asyncio.wait([leaver])
    assert await rounds.ask(4) == 8
    assert caplog.records == []
