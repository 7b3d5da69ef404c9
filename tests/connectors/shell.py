"""`tieline connector …` as a person runs it: a folder of connectors, one connection over a wire of the test's own."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from io import StringIO
from pathlib import Path
from typing import Any

from rich.console import Console
from tests.unit.connectors.wires import Answering, FakeWire
from typer.testing import CliRunner

from tieline.cli.connector import ConnectorCommands
from tieline.connectors.connection import assemble
from tieline.connectors.manifest.configuration import settle
from tieline.connectors.registry import Catalog, Connector
from tieline.domain.errors import ConfigRefused
from tieline.kit.clock import utc_now
from tieline.mapping.book import load_book
from tieline.services.connectors import Trial


class Shell:
    """Runs commands against a folder and keeps what they print. `config` and `secrets` fill in the form."""

    def __init__(
        self,
        root: Path,
        answering: Answering,
        *,
        config: Mapping[str, Any] | None = None,
        secrets: Mapping[str, str] | None = None,
        connector: str = "acme_helpdesk",
    ) -> None:
        self.root = root
        self.out = StringIO()
        self.wire = FakeWire(answering)
        self.connector = connector
        self._config = config or {"base_url": "https://acme.example.com"}
        self._secrets = secrets or {"token": "s3cr3t-token"}

    @asynccontextmanager
    async def open_trial(self, name: str) -> AsyncIterator[Trial]:
        if name != "helpdesk":
            raise ConfigRefused("there is no connection of this name")
        connector = Connector(self.root / self.connector)
        settled = settle(connector.manifest, self._config, self._secrets)
        yield Trial(assemble(name, connector, settled, wire=self.wire, clock=utc_now), load_book(connector.mapping_file))

    def __call__(self, *arguments: str) -> tuple[int, str]:
        commands = ConnectorCommands(Catalog([self.root]), self.open_trial, Console(file=self.out, width=200, color_system=None))
        self.out.seek(0)
        self.out.truncate()
        result = CliRunner().invoke(commands.app(), list(arguments), catch_exceptions=False)
        return result.exit_code, self.out.getvalue()
