from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from tests.webhooks.shop import TOKEN, Shop, open_shop


@pytest.fixture
async def shop(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Shop]:
    """A shop whose own address answers nobody."""
    monkeypatch.setenv("TIELINE_TEST_SHOP_TOKEN", TOKEN)
    with capture_logs():  # drawing tracebacks takes seconds
        async with open_shop(database_url, tmp_path) as opened:
            yield opened
