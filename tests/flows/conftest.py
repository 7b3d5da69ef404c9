from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.flows.call_centre import CallCentre
from tests.flows.house import RunningHouse, open_house
from tests.flows.sandbox import Sandbox, open_sandbox

from tieline.store.database import Database


@pytest.fixture
def centre(database: Database) -> CallCentre:
    """A call centre that has just opened."""
    return CallCentre(database)


@pytest.fixture(scope="session")
async def systems() -> AsyncIterator[Sandbox]:
    """The simulated systems, one set for all tests; use `sandbox`."""
    async with open_sandbox() as running:
        yield running


@pytest.fixture
def sandbox(systems: Sandbox) -> Sandbox:
    """The simulated systems, well and not yet asked anything."""
    systems.heal()
    return systems


@pytest.fixture
async def house(database_url: str, tmp_path: Path, sandbox: Sandbox) -> AsyncIterator[RunningHouse]:
    """The demo's company, served, on an empty database."""
    async with open_house(database_url, tmp_path, sandbox) as running:
        yield running
