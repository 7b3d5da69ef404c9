"""A whole running house: the demo's company on a database of its own, served in this process on a real port."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import httpx
import yaml
from tests import patience
from tests.flows.door import PATIENCE_S, Door, HouseClock, Json, json_of, patiently
from tests.flows.sandbox import Sandbox

from tieline.cli.demo_setup import apply_file
from tieline.connectors.registry import Catalog
from tieline.connectors.wire.breaker import CircuitBreaker
from tieline.connectors.wire.limits import Throttle
from tieline.domain.pop_query import LONGEST_DEADLINE_MS
from tieline.kit.clock import monotonic_s
from tieline.services.apply import Change, apply
from tieline.services.house import House
from tieline.services.live_directory import LiveDirectory
from tieline.serving import serving
from tieline.settings import Settings
from tieline.store import configuration
from tieline.store.configuration import Configuration
from tieline.store.database import Database
from tieline.wiring import applying, house_of
from tieline.worker.ticks import tick

AMERICAN_LINE, OUTSIDE_LINE = "+19045550199", "+861065543801"
"""A line abroad, and one whose exchange leaves the digit for an outside line before the caller's number."""

QUICK_LINE, USUAL_LINE = "+861065543802", "+861065543803"
QUICK_MS, USUAL_MS, PATIENT_MS = 250, 1500, 10_000
"""Milliseconds after which a card of these lines counts as complete, and one of any other: there a busy machine has time."""

patience.with_a_house()

STAFF_MOBILE: Final = "+8613800138009"
"""An agent's own telephone, which stands in the CRM as if it were a customer's."""

CLEAR: Final = b"""
    TRUNCATE interactions, pops, pop_codes, agent_events, identity_keys, number_marks, number_choices, review_items, inbox CASCADE
"""


@dataclass
class RunningHouse(Door):
    """The server in this process, with what it works with in reach."""

    house: House
    sandbox: Sandbox
    settings: Settings
    database_url: str
    folder: Path

    @property
    def database(self) -> Database:
        """Return the house's own database."""
        return self.house.database

    async def play(self, scenario: str, *, speed: float = 1.0, **wish: Any) -> Json:  # noqa: ANN401 - any wish of the PBX
        """Let the simulated PBX play a call to its end, and return what it noted."""
        pbx = self.sandbox.places["pbx"]["url"]
        wanted = {"scenario": scenario, "target_url": f"{self.url}/v1/cti/pbx", "speed": speed, **wish}
        play = json_of(await self.client.post(f"{pbx}/play", json=wanted))
        async for _ in patiently(f"{scenario} never ended", within_s=90):
            noted = json_of(await self.client.get(f"{pbx}/plays/{play['play_id']}"))
            if noted["state"] != "running":
                assert noted["state"] == "done"
                assert {post["status"] for post in noted["posts"]} == {202}, noted["posts"]
                return noted
        raise AssertionError

    async def settle(self, *, after: timedelta = timedelta(seconds=6)) -> None:
        """Let time pass and the worker look after everything."""
        self.clock.forward(after)
        await tick(self.house)

    async def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Ask the database."""
        async with self.database.pool.connection() as connection:
            return await (await connection.execute(query.encode())).fetchall()

    async def rows_changed(self, statement: bytes) -> int:
        """Change the database behind the house's back."""
        async with self.database.pool.connection() as connection:
            return (await connection.execute(statement)).rowcount

    async def apply(self, text: str) -> tuple[Change, ...]:
        """Make what is set up match a file, and wait until the server has heard of it."""
        changes = await apply_to(self.settings, self.database_url, self.folder, text)
        async with self.database.begin() as tx:
            wanted = await configuration.read(tx)
        async for _ in patiently("the new configuration was never heard of"):
            if _holds(self.house.directory, wanted):
                return changes
        raise AssertionError

    async def begin_anew(self) -> None:
        """Make the house as it was when it opened: nothing called, nothing known, every system well."""
        self.sandbox.heal()
        (await self.client.delete(f"{self.sandbox.places['pbx']['url']}/plays")).raise_for_status()
        await self.house.delivery.aclose()
        await self.house.desk.keeper.settle()
        await self.forget_answers()
        self.clock.ahead = timedelta(0)
        self.house.calls.clocks._skews.clear()
        for connection in self.house.directory.now.connections.values():
            connection._exchanger.breaker = CircuitBreaker(monotonic_s)
            connection._exchanger.throttle = Throttle(connection.connector.manifest.limits, monotonic_s)
        await self.rows_changed(CLEAR)
        self.sandbox.heal()

    async def forget_answers(self) -> None:
        """Empty the cache of answers, as a restart would."""
        await self.house.desk.cache.aclose()
        self.house.desk.cache.drop(lambda _key: True)


@asynccontextmanager
async def open_house(
    url: str,
    folder: Path,
    sandbox: Sandbox,
    *,
    set_up: str | None = None,
    **settings: Any,  # noqa: ANN401 - settings of any type
) -> AsyncIterator[RunningHouse]:
    """Set up the demo's company on an empty database at head and serve it in this process while the block lasts."""
    chosen = settings_of(folder, sandbox, **settings)
    if "pop_deadline_ms" not in settings:
        chosen = chosen.model_copy(update={"pop_deadline_ms": PATIENT_MS})
    await apply_to(chosen, url, folder, set_up or company(sandbox))
    clock = HouseClock()
    async with (
        house_of(chosen, url, Catalog(), clock=clock) as house,
        serving(house, chosen, url, with_worker=False) as address,
        httpx.AsyncClient(base_url=address, timeout=PATIENCE_S, trust_env=False) as client,
    ):
        yield RunningHouse(address, client, clock, house, sandbox, chosen, url, folder)


def _holds(directory: LiveDirectory, wanted: Configuration) -> bool:
    opened = directory._opened
    return (
        (directory.now.lines, directory.now.agents) == (wanted.lines, wanted.agents)
        and {name: one.given.row for name, one in opened.items()} == wanted.connections
        and {name: one.given.overrides for name, one in opened.items() if one.given.overrides} == wanted.overrides
    )


def company(sandbox: Sandbox) -> str:
    """Return the demo's file with four more lines and an agent's own telephone, where no system's word narrows what is seen."""
    file = yaml.safe_load(apply_file(sandbox.places))
    file["lines"] |= {
        AMERICAN_LINE: {"name": "Florida", "country": "US", "language": "en"},
        OUTSIDE_LINE: {"name": "Old trunk", "country": "CN", "outside_prefixes": ["9"], "area_code": "10"},
        QUICK_LINE: {"name": "Express", "country": "CN", "queues": ["support"], "pop_deadline_ms": QUICK_MS},
        USUAL_LINE: {"name": "Usual", "country": "CN", "queues": ["support"], "pop_deadline_ms": USUAL_MS},
    }
    file["agents"]["1001"]["phones"] = [STAFF_MOBILE]
    file.pop("access")  # what a system's word takes away is met in tests of its own
    return str(yaml.safe_dump(file, allow_unicode=True))


def settings_of(folder: Path, sandbox: Sandbox, **settings: Any) -> Settings:  # noqa: ANN401 - likewise
    """Return the settings of a house on loopback with an open door."""
    given = {"data_dir": folder, "auth": "off", "port": 0, "private_networks": sandbox.permitted, **settings}
    return Settings(**given)


def environment_of(settings: Settings, url: str) -> Iterator[tuple[str, str]]:
    """Yield the environment in which a process of its own has the same settings."""
    for name in ("data_dir", "auth", "port", "private_networks", "pop_deadline_ms", "late_answer_ms"):
        given = getattr(settings, name)
        yield f"TIELINE_{name.upper()}", str(min(given, LONGEST_DEADLINE_MS) if name == "pop_deadline_ms" else given)
    yield "TIELINE_DATABASE_URL", url


async def apply_to(settings: Settings, url: str, folder: Path, text: str) -> tuple[Change, ...]:
    """Apply a file's text to a database."""
    file = folder / "tieline.yaml"
    await asyncio.to_thread(file.write_text, text, encoding="utf-8")
    async with applying(settings, url, Catalog()) as tools:
        return await apply(tools, file)
