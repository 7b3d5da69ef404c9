"""Every process follows what is set up, also where its database was busy at the very moment it was told."""

from pathlib import Path

import pytest
from tests.flows.door import patiently
from tests.waiting import held_up

from tieline.connectors.registry import Catalog
from tieline.domain.errors import Overloaded
from tieline.domain.line import Line
from tieline.kit.clock import utc_now
from tieline.security.egress import Egress
from tieline.security.secret_box import SecretBox
from tieline.services import at_last
from tieline.services.apply import Applying, apply
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
    read = directory.reload
    refused: list[None] = []

    async def busy_at_first() -> None:
        if len(refused) < 2:
            refused.append(None)
            raise Overloaded(code="database_busy")
        await read()

    monkeypatch.setattr(at_last, "AGAIN_S", 0.01)
    await directory.start()
    monkeypatch.setattr(directory, "reload", busy_at_first)
    async with database.begin() as tx:
        await configuration.save(tx, Configuration(lines={NUMBER: Line(number=NUMBER, name="Support")}), now=utc_now())
    async for _ in patiently("what was set up was never read"):
        if NUMBER in directory.now.lines:
            break
    await directory.aclose()
    assert len(refused) == 2


async def test_a_file_is_applied_to_what_is_set_up_once_its_turn_has_come(database: Database, tmp_path: Path) -> None:
    """What was written meanwhile is seen: a gray release keeps beside it the rows that hold, not those that held before."""
    file = tmp_path / "tieline.yaml"
    file.write_text(f"version: 1\nlines: {{'{NUMBER}': {{name: Support}}}}\n", encoding="utf-8")
    box = SecretBox.open(tmp_path / "key")
    tools = Applying(database, Catalog(()), box, Egress.parse(""), utc_now, plain_secrets=True)
    async with database.begin() as tx:
        await configuration.save(tx, Configuration(lines={NUMBER: Line(number=NUMBER, name="Support")}), now=utc_now())
        async with held_up(database, apply(tools, file)) as applied:
            await tx.commit()
            assert [(change.name, change.verb) for change in await applied] == [(NUMBER, "keep")]
