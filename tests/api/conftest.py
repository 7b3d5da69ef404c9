import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.api.front_door import PBX_TOKEN, FrontDoor, open_door
from tests.conftest import address_of, run_on_server


@contextmanager
def copied(server_url: str, template: str) -> Iterator[str]:
    """A migrated database that lasts longer than one test."""
    name = f"tieline_door_{uuid.uuid4().hex[:12]}"
    run_on_server(server_url, "CREATE DATABASE {} TEMPLATE {} STRATEGY wal_log", name, template)
    yield address_of(server_url, name)
    run_on_server(server_url, "DROP DATABASE {} WITH (FORCE)", name)


@pytest.fixture(scope="session")
def standing_database_url(postgres_url: str, template_database: str) -> Iterator[str]:
    """For all tests of the door that leave one another's rows alone."""
    with copied(postgres_url, template_database) as url:
        yield url


@pytest.fixture(scope="module")
def another_database_url(postgres_url: str, template_database: str) -> Iterator[str]:
    """For a module that serves an application of its own: its secrets are sealed with another key."""
    with copied(postgres_url, template_database) as url:
        yield url


@pytest.fixture(scope="session")
def pbx_token() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TIELINE_TEST_PBX_TOKEN", PBX_TOKEN)
        yield


@pytest.fixture(scope="session")
async def door(standing_database_url: str, pbx_token: None, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[FrontDoor]:
    """The application with access control on."""
    del pbx_token
    async with open_door(standing_database_url, tmp_path_factory.mktemp("door")) as opened:
        yield opened


@pytest.fixture
async def open_house(database_url: str, pbx_token: None, tmp_path: Path) -> AsyncIterator[FrontDoor]:
    """The application with access control off, as the demonstration runs it."""
    del pbx_token
    async with open_door(database_url, tmp_path, auth="off") as opened:
        yield opened
