from tests.api.conftest import another_database_url, pbx_token

__all__ = ["another_database_url", "pbx_token"]
