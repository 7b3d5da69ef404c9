"""Real third-party systems, brought up once for a test run."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.live.tryton_books import Books, fill
from tests.live.tryton_server import TrytonUnavailable, tryton_server


@pytest.fixture(scope="session")
def tryton(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Books]:
    """A real Tryton ERP with customers and sales. Skips, loudly, where its packages cannot be had."""
    folder: Path = tmp_path_factory.mktemp("tryton")
    try:
        with tryton_server(folder) as address:
            yield fill(address)
    except TrytonUnavailable as exc:
        pytest.skip(f"THE LIVE TEST AGAINST A REAL TRYTON DID NOT RUN: {exc}")
