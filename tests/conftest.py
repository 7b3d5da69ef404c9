"""A real Postgres for whoever asks: `postgres_url` (server), `database_url` (fresh, migrated database), `database` (opened)."""

import os
import shutil
import tempfile
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import hypothesis.internal.conjecture.optimiser  # noqa: F401 - read within a test, CPython 3.11 may lose count of its stack
import psycopg
import pytest
from hypothesis import HealthCheck, settings
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_fixed
from tests import patience
from tests.scratch import scratch

from tieline.store import migrate
from tieline.store.database import Database
from tieline.store.embedded import EmbeddedPostgres

settings.register_profile("house", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("explore", parent=settings.get_profile("house"), derandomize=False)
settings.load_profile("house")
"""A busy machine is no reason to fail, and a change is judged by the examples its forerunner was. New ones are looked for with
`--hypothesis-profile=explore`."""

patience.with_vendors_and_database()

SERVER_OF_TESTS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "300",  # several workers of one run, each with whole houses of its own
}


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give every test a name of its own, as far as it has one, or end: of two that share one, xdist runs the first and no other.

    schemathesis 4.32 names its tests by operation; pytest 9.2 leaves that out of their ids (read and seen 2026-11-26).
    """
    for item in items:
        if item.name != item.id.names[-1] and item.id.params is None and item.parent is not None:
            item._id = item.parent.id.child(item.name)
    shared = [name for name, count in Counter(item.nodeid for item in items).items() if count > 1]
    if shared:
        raise pytest.UsageError(f"tests that share a name: {', '.join(shared)}")


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The server's URL: TIELINE_TEST_DATABASE_URL, or one embedded server shared by all workers of this run."""
    given = os.environ.get("TIELINE_TEST_DATABASE_URL")
    if given:
        yield given
        return
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID") or uuid.uuid4().hex
    folder = scratch() / f"tieline-tests-{run}"
    server = EmbeddedPostgres(folder, settings=SERVER_OF_TESTS)
    yield server.start()
    if server.stop():
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def template_database(postgres_url: str) -> Iterator[str]:
    """The name of a database at the newest revision, to copy from."""
    name = f"tieline_template_{uuid.uuid4().hex[:12]}"
    run_on_server(postgres_url, "CREATE DATABASE {}", name)
    migrate.upgrade(address_of(postgres_url, name))
    yield name
    run_on_server(postgres_url, "DROP DATABASE {} WITH (FORCE)", name)


@pytest.fixture
def database_url(postgres_url: str, template_database: str) -> Iterator[str]:
    """A fresh, migrated database of this test's own."""
    name = f"tieline_test_{uuid.uuid4().hex[:12]}"
    run_on_server(postgres_url, "CREATE DATABASE {} TEMPLATE {} STRATEGY wal_log", name, template_database)
    yield address_of(postgres_url, name)
    run_on_server(postgres_url, "DROP DATABASE {} WITH (FORCE)", name)


@pytest.fixture
def empty_database_url(postgres_url: str) -> Iterator[str]:
    """A fresh database without any table."""
    name = f"tieline_empty_{uuid.uuid4().hex[:12]}"
    run_on_server(postgres_url, "CREATE DATABASE {}", name)
    yield address_of(postgres_url, name)
    run_on_server(postgres_url, "DROP DATABASE {} WITH (FORCE)", name)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """The fresh database, opened."""
    opened = await Database.open(database_url, pool_size=8)
    yield opened
    await opened.aclose()


@retry(
    retry=retry_if_exception_type((psycopg.errors.InsufficientPrivilege, psycopg.errors.ObjectInUse)),
    stop=stop_after_attempt(20),
    wait=wait_fixed(0.25),
    reraise=True,
)
def run_on_server(url: str, statement: str, *names: str) -> None:
    """Run one statement; again while Postgres's own housekeeping, which only its superuser may end, is in the database."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def address_of(url: str, database: str) -> str:
    parts = conninfo_to_dict(url)
    user, password, host, port = (parts.get(part, "") for part in ("user", "password", "host", "port"))
    return f"postgresql://{user}:{password}@{host}:{port}/{database}"


@pytest.fixture
def reachable_folder() -> Iterator[Path]:
    """An empty folder for a data directory. Run by root, Postgres runs as nobody, whom pytest's own folders keep out."""
    folder = Path(tempfile.mkdtemp(prefix="tieline-test-", dir=scratch()))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)
