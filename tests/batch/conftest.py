"""A house of which an import needs only this: a database with one connection, and a directory with one line."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tieline.domain.agent import Agent
from tieline.domain.line import Line
from tieline.security.permissions import Caller
from tieline.services.batch.importing import ImportWish, Tally, import_phones
from tieline.services.batch.sheet import Reading
from tieline.services.directory import Directory
from tieline.services.house import House
from tieline.services.privacy.erased import Erased
from tieline.store import configuration
from tieline.store.configuration import Configuration, ConnectionRow
from tieline.store.database import Database

NOW = datetime(2030, 1, 1, tzinfo=UTC)
CONSOLE = Caller(actor="console", role="admin", scopes=frozenset())
LINE = Line(number="+861065543800", name="Support")


@dataclass
class Desk:
    """What a test imports and exports with."""

    house: House
    database: Database
    folder: Path

    async def import_text(self, text: str | bytes, *, name: str = "phones.csv", **wish: Any) -> Tally:  # noqa: ANN401
        """Import a file that says this."""
        path = self.folder / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return await self.import_file(path, **wish)

    async def import_file(self, path: Path, **wish: Any) -> Tally:  # noqa: ANN401 - fields of the wish
        """Import a file."""
        wish.setdefault("connection", "crm")
        reading = wish.pop("reading", Reading())
        return await import_phones(
            self.house, ImportWish(path, self.rejects, reading, **wish), asker=CONSOLE, told=lambda _tally: None
        )

    @property
    def rejects(self) -> Path:
        """Where rejects go."""
        return self.folder / "rejects.csv"

    def faults(self) -> list[tuple[str, ...]]:
        """Return row, column and fault of each rejected row."""
        if not self.rejects.exists():
            return []
        return [tuple(line.split(",")[:3]) for line in self.rejects.read_text().splitlines()[1:]]

    async def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Ask the database."""
        async with self.database.pool.connection() as connection:
            return await (await connection.execute(query.encode())).fetchall()

    async def index(self) -> list[tuple[Any, ...]]:
        """Return the whole index."""
        return await self.rows("SELECT * FROM identity_keys ORDER BY e164, extension, connection, external_kind, external_id")

    async def numbers(self) -> list[str]:
        """Return the numbers of the index."""
        return [row[0] for row in await self.rows("SELECT e164 FROM identity_keys ORDER BY e164, external_id")]


@pytest.fixture
async def desk(database: Database, tmp_path: Path) -> Desk:
    """A desk on a fresh database."""
    rows = {name: ConnectionRow(name, "sandbox") for name in ("crm", "erp")}
    async with database.begin() as tx:
        await configuration.save(tx, Configuration(connections=rows), now=NOW)
    agent = Agent.model_validate({"id": "1001", "name": "Li Wei", "role": "agent", "phones": ["13800138009"]})
    directory = SimpleNamespace(now=Directory(lines={LINE.number: LINE}, agents={"1001": agent}))
    house = SimpleNamespace(database=database, directory=directory, clock=_clock(), desk=SimpleNamespace(erased=Erased()))
    return Desk(cast("House", house), database, tmp_path)


def _clock() -> Callable[[], datetime]:
    told = [NOW]

    def clock() -> datetime:
        told[0] += timedelta(seconds=1)
        return told[0]

    return clock
