"""Every process follows what is set up, also where its database was busy at the very moment it was told."""

from pathlib import Path

import pytest
from tests.flows.door import patiently

from tieline.connectors.registry import Catalog
from tieline.domain.errors import Overloaded
from tieline.domain.line import Line
from tieline.kit.clock import utc_now
from tieline.security.egress import Egress
from tieline.security.secret_box import SecretBox
from tieline.services import live_directory
from tieline.services.live_directory import LiveDirectory
from tieline.store import configuration
from tieline.store.configuration import Configuration
from tieline.store.database import Database

NUMBER = "+861065543800"


async def test_a_change_is_read_at_last_by_a_process_whose_database_was_busy(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = SecretBox.open(tmp_path / "key")
    directory = LiveDirectory(database, catalog=Catalog(()), box=box, egress=Egress.parse(""), clock=utc_now)
    read, refused = directory.reload, []

    async def busy_at_first() -> None:
        if len(refused) < 2:
            refused.append(directory.now.lines)
            raise Overloaded(code="database_busy")
        await read()

    monkeypatch.setattr(live_directory, "AGAIN_S", 0.01)
    await directory.start()
    monkeypatch.setattr(directory, "reload", busy_at_first)
    async with database.begin() as tx:
        await configuration.save(tx, Configuration(lines={NUMBER: Line(number=NUMBER, name="Support")}), now=utc_now())
    async for _ in patiently("what was set up was never read"):
        if NUMBER in directory.now.lines:
            break
    await directory.aclose()
    assert len(refused) == 2
