import pytest
from tests.delivery.vendor import World

from tieline.store.database import Database


@pytest.fixture
def world(database: Database) -> World:
    """A vendor that knows keys, and a worker, on a fresh database."""
    return World(database)
