from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from tests.faults.vendor import Vendor, answer, vendor
from tests.webhooks.shop import TOKEN, Shop, open_shop


@pytest.fixture
async def receiver() -> AsyncIterator[Vendor]:
    """Takes every message; a test may give it another script."""
    async with vendor(answer(status=204)) as running:
        yield running


@pytest.fixture
async def shop(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, receiver: Vendor) -> AsyncIterator[Shop]:
    """A house that is permitted to call the receiver."""
    monkeypatch.setenv("TIELINE_TEST_SHOP_TOKEN", TOKEN)
    with capture_logs():
        async with open_shop(database_url, tmp_path, base_url=receiver.url) as opened:
            yield opened
