from tests.flows.house_fixtures import house, own_house, sandbox, standing_database_url, standing_house, systems

__all__ = ["house", "own_house", "sandbox", "standing_database_url", "standing_house", "systems"]
