import pytest
from tests.flows.call_centre import CallCentre

from tieline.store.database import Database


@pytest.fixture
def centre(database: Database) -> CallCentre:
    """A call centre that has just opened."""
    return CallCentre(database)
