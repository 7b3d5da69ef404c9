import pytest
from tests.flows.call_centre import CallCentre
from tests.flows.house_fixtures import house, own_house, sandbox, standing_database_url, standing_house, systems

from tieline.store.database import Database

__all__ = ["centre", "house", "own_house", "sandbox", "standing_database_url", "standing_house", "systems"]


@pytest.fixture
def centre(database: Database) -> CallCentre:
    """A call centre that has just opened."""
    return CallCentre(database)
