"""A house with a worker of its own beside the laboratory's exchange, and what its tests look at."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

import httpx
from tests.flows.door import PATIENCE_S, Door, HouseClock, patiently
from tests.live.asterisk_lab import Lab

from tieline.connectors.registry import Catalog
from tieline.services.apply import apply
from tieline.services.house import House
from tieline.serving import serving
from tieline.settings import Settings
from tieline.store import stream_states
from tieline.store.stream_states import StreamState
from tieline.wiring import applying, house_of

CUSTOMER: Final = "13800138001"
UP_WITHIN_S: Final = 20.0
CALLS: Final = "SELECT direction, state, outcome, queue FROM interactions ORDER BY started_at"
LEGS: Final = "SELECT kind, agent, outcome FROM legs ORDER BY rang_at, leg_key"
POPS: Final = "SELECT agent, count(*) FROM pops GROUP BY agent"


class LiveHouse(Door):
    """A house beside the laboratory's exchange, its worker in the same process."""

    house: House

    async def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Ask the database."""
        async with self.house.database.pool.connection() as connection:
            return await (await connection.execute(query.encode())).fetchall()

    async def until_rows(self, query: str, expected: list[tuple[Any, ...]]) -> None:
        """Wait until the database answers so."""
        found: list[tuple[Any, ...]] = []
        with suppress(AssertionError):
            async for _ in patiently("never so", within_s=UP_WITHIN_S):
                found = await self.rows(query)
                if found == expected:
                    return
        assert found == expected

    async def until_up(self, *, gaps: int = 0) -> StreamState:
        """Wait until the stream is up."""
        async for _ in patiently("the stream was never up", within_s=UP_WITHIN_S):
            async with self.house.database.read() as conn:
                state = (await stream_states.read(conn)).get("pbx")
            if state is not None and (state.state, state.gaps) == ("up", gaps):
                return state
        raise AssertionError


@asynccontextmanager
async def beside(lab: Lab, url: str, folder: Path, *, set_up: str) -> AsyncIterator[LiveHouse]:
    """Open a house that may dial the exchange."""
    settings = Settings(data_dir=folder, auth="off", port=0, private_networks=lab.permitted, log_level="error")
    file = folder / "tieline.yaml"
    await asyncio.to_thread(file.write_text, set_up, encoding="utf-8")
    async with applying(settings, url, Catalog()) as tools:
        await apply(tools, file)
    async with (
        house_of(settings, url, Catalog()) as house,
        serving(house, settings, url, with_worker=True) as address,
        httpx.AsyncClient(base_url=address, timeout=PATIENCE_S, trust_env=False) as client,
    ):
        running = LiveHouse(address, client, HouseClock())
        running.house = house
        yield running


@asynccontextmanager
async def listening(url: str, folder: Path, lab: Lab, *, events: str = "ami") -> AsyncIterator[LiveHouse]:
    """Open a house that listens to the exchange, and wait until it does."""
    async with beside(lab, url, folder, set_up=lab.set_up(events=events)) as house:
        await house.until_up()
        yield house
