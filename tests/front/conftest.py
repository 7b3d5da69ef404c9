from collections.abc import AsyncIterator

import pytest
from tests.flows.house_fixtures import new_database
from tests.front.before_two import TwoReplicas, before_two


@pytest.fixture(scope="session")
async def front(
    postgres_url: str, template_database: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[TwoReplicas]:
    """Two replicas behind the front, for all tests of it."""
    with new_database(postgres_url, template_database) as url:
        async with before_two(url, tmp_path_factory.mktemp("front")) as standing:
            yield standing
