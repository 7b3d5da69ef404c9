"""`kill -9` of a worker at each of the twelve moments of a delivery, on each footing: exactly one effect, or a person is asked.

Forty kills in the suite; TIELINE_KILLS=500 (or more) for the whole proof.
"""

import asyncio
import itertools
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

from tests.delivery.vendor import World
from tests.faults import mortal
from tests.faults.mortal import NOTES, OWN_POINTS, WIRE_POINTS, desk_of
from tests.faults.proxy import HEAD_END, Exchange, Proxy, Rule, pass_on, proxy
from tests.faults.shop_server import Ledger, ledger

import tieline
from tieline.domain.delivery import Effect
from tieline.services.delivery import carrying
from tieline.services.delivery.promise import promise
from tieline.store.database import Database
from tieline.worker.edge import catch

POINTS: Final = (*OWN_POINTS, *WIRE_POINTS)
FOOTINGS: Final = {"T1": "ticket.create", "T2": "call.log", "T3": "feedback.log"}
KILLS: Final = int(os.environ.get("TIELINE_KILLS", "36"))
NEVER_ARRIVED: Final = frozenset({"after claim"})
"""Where nothing was intended yet, so that nobody need be asked even on the weakest footing."""


@dataclass
class Nursery:
    """Gives birth to workers that die at a moment."""

    process: asyncio.subprocess.Process
    url: str
    shop: Ledger
    between: Proxy

    async def kill(self, point: str, key: str) -> int:
        """Have a worker carry one order and die at a point; return how it ended."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        pid: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._arm(point, pid)
        order = {"url": self.url, "port": self.between.port, "key": key, "point": point}
        self.process.stdin.write(json.dumps(order).encode() + b"\n")
        pid.set_result(int(await self.process.stdout.readline()))
        ended = int(await asyncio.wait_for(self.process.stdout.readline(), 90))
        self.between.rule, self.between.connected = pass_on, lambda: None
        return ended

    def _arm(self, point: str, pid: "asyncio.Future[int]") -> None:
        def kill() -> None:
            os.kill(pid.result(), signal.SIGKILL)

        if point == "after connect":
            self.between.connected = kill
        elif point in WIRE_POINTS:
            self.between.rule = _killing(point, kill)


def _killing(point: str, kill: Callable[[], None]) -> Rule:
    async def rule(exchange: Exchange) -> None:
        if point == "mid-body":
            await exchange.read(most=exchange.length // 2)
        elif point == "after body sent":
            await exchange.read()
        else:
            await exchange.forward()
        if point == "answer header only":
            await exchange.answer(exchange.reply[: exchange.reply.index(HEAD_END) + 4])
            await asyncio.sleep(0.005)
        kill()

    return rule


@asynccontextmanager
async def nursery(url: str) -> AsyncIterator[Nursery]:
    async with ledger() as shop, proxy(shop.port) as between:
        root = Path(__file__).parents[2]
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.faults.mortal",
            cwd=root,
            env={**os.environ, "PYTHONPATH": f"{Path(tieline.__file__).parents[1]}:{root}"},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        yield Nursery(process, url, shop, between)
        process.kill()
        await process.wait()


async def promised(database: Database, number: int, operation: str) -> UUID:
    effect = Effect(
        connection="shop",
        operation=operation,
        object_kind="ticket",
        object_id=f"t-{number}",
        order_key=f"ticket:t-{number}",
        inputs={"note": "x" * 400},
    )
    async with database.begin() as tx:
        return await promise(tx, effect, now=datetime.now(UTC))


async def test_whatever_moment_a_worker_dies_at_there_is_one_effect_or_a_question(database: Database, database_url: str) -> None:
    trials = list(itertools.islice(itertools.cycle(itertools.product(POINTS, FOOTINGS)), max(KILLS, 36)))
    world = World(database)
    async with database.pool.connection() as connection:
        await connection.execute(NOTES.encode())
    async with nursery(database_url) as born:
        made = []
        for number, (point, footing) in enumerate(trials):
            made.append(await promised(database, number, FOOTINGS[footing]))
            ended = await born.kill(point, f"ticket:t-{number}")
            assert ended == -signal.SIGKILL, f"at {point!r} the worker lived on ({ended})"
        async with desk_of(database, born.between.port) as living:
            for _ in range(6):
                await world.let_pass(timedelta(seconds=90))
                for number in range(len(trials)):
                    await carrying.carry(living, "shop", [f"ticket:t-{number}"], has_turn=True, catch=catch)
        for delivery_id, (point, footing) in zip(made, trials, strict=True):
            await judge(world, born.shop, delivery_id, point=point, footing=footing)
    asked = await world.rows("SELECT subject_key FROM review_items WHERE kind = 'unknown_outcome' ORDER BY 1")
    unknown = await world.rows("SELECT id::text FROM deliveries WHERE state = 'unknown' ORDER BY 1")
    assert asked == unknown
    print(f"{len(trials)} kills: {len(trials) - len(unknown)} delivered once, {len(unknown)} asked about, 0 doubled, 0 lost")  # noqa: T201 - N with the claim


async def judge(world: World, shop: Ledger, delivery_id: UUID, *, point: str, footing: str) -> None:
    kept = await world.find(delivery_id)
    noted = await world.rows(f"SELECT 1 FROM trial_notes WHERE delivery_id = '{kept.id}'")  # noqa: S608 - ours
    effects = shop.effects[kept.key]
    told = f"{footing} killed {point}: {kept.state}, {effects} effects, {len(noted)} notes"
    assert effects <= 1, f"doubled: {told}"
    if kept.state == "delivered":
        assert (effects, len(noted)) == (1, 1), told
    else:
        assert (footing, kept.state, len(noted)) == ("T3", "unknown", 0), told
        assert point not in NEVER_ARRIVED, told


def test_the_package_holds_no_way_to_die() -> None:
    source = Path(tieline.__file__).parent
    words = [word for file in source.rglob("*.py") for word in ("CRASH_AT", "mortal") if word in file.read_text(encoding="utf-8")]
    assert words == []
    assert Path(mortal.__file__).parent.name == "faults"
