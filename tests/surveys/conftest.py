from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from tests.api.conftest import copied
from tests.api.front_door import PBX_TOKEN
from tests.surveys.asking import SURVEYS, Asking, open_door


@pytest.fixture(scope="session")
def surveys_database_url(postgres_url: str, template_database: str) -> Iterator[str]:
    with copied(postgres_url, template_database) as url:
        yield url


@pytest.fixture(scope="session")
async def asking(surveys_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Asking]:
    """The application, set up to ask; tests leave one another's people alone."""
    folder = tmp_path_factory.mktemp("asking")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TIELINE_TEST_PBX_TOKEN", PBX_TOKEN)
        patch.setenv("TIELINE_TEST_SMS_TOKEN", "sms-token")
        async with open_door(surveys_database_url, Path(folder), connections=SURVEYS, public_url="https://call.example") as door:
            yield Asking(door)
