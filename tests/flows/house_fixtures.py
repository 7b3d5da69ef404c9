"""Fixtures of running houses; a folder that wants them imports them into its conftest."""

import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.conftest import address_of, run_on_server
from tests.flows.house import RunningHouse, open_house
from tests.flows.sandbox import Sandbox, open_sandbox


@pytest.fixture(scope="session")
async def systems() -> AsyncIterator[Sandbox]:
    """The simulated systems of houses that stay open. Nobody writes there: all who come after would read it."""
    async with open_sandbox() as running:
        yield running


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    """Simulated systems of the test's own, well and not yet asked or told anything."""
    async with open_sandbox() as running:
        yield running


@contextmanager
def new_database(postgres_url: str, template_database: str) -> Iterator[str]:
    """Give the address of a migrated database that lasts as long as the block."""
    name = f"tieline_house_{uuid.uuid4().hex[:12]}"
    run_on_server(postgres_url, "CREATE DATABASE {} TEMPLATE {} STRATEGY wal_log", name, template_database)
    yield address_of(postgres_url, name)
    run_on_server(postgres_url, "DROP DATABASE {} WITH (FORCE)", name)


@pytest.fixture(scope="session")
def standing_database_url(postgres_url: str, template_database: str) -> Iterator[str]:
    """A migrated database for the house that stays open."""
    with new_database(postgres_url, template_database) as url:
        yield url


@pytest.fixture(scope="session")
async def standing_house(
    standing_database_url: str, tmp_path_factory: pytest.TempPathFactory, systems: Sandbox
) -> AsyncIterator[RunningHouse]:
    """The house that stays open; use `house`."""
    async with open_house(standing_database_url, tmp_path_factory.mktemp("house"), systems) as running:
        await running.pop()  # signs in at the CRM, once for all
        yield running


@pytest.fixture
async def house(standing_house: RunningHouse) -> AsyncIterator[RunningHouse]:
    """The demo's company, served, as on its first morning. Leave its configuration alone."""
    await standing_house.begin_anew()
    yield standing_house
    standing_house.sandbox.heal()
    await standing_house.house.delivery.aclose()


@pytest.fixture
async def own_house(database_url: str, tmp_path: Path, sandbox: Sandbox) -> AsyncIterator[RunningHouse]:
    """A house of the test's own, to be set up anew."""
    async with open_house(database_url, tmp_path, sandbox) as running:
        yield running
