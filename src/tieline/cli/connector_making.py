"""`tieline connector new`, `record` and `import-3cx`: what writes files for those who make connectors."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tieline.cli.told import failures_told, pairs
from tieline.services.authoring.openapi_folder import begin_from_openapi
from tieline.services.authoring.record import Asked, Recording, record, write_recording
from tieline.services.authoring.threecx_folder import import_3cx
from tieline.services.authoring.threecx_words import config_name
from tieline.services.connectors import CATEGORIES, Trial, begin_connector

OpenTrial = Callable[[str], AbstractAsyncContextManager[Trial]]


class MakingCommands:
    """The commands and what they need. `open_trial` opens a configured connection by name, with its mapping."""

    def __init__(self, open_trial: OpenTrial, console: Console) -> None:
        self._open_trial = open_trial
        self._out = console

    def add_to(self, app: typer.Typer) -> None:
        """Add the commands."""
        for name, command in (("new", self.new), ("import-3cx", self.import_3cx), ("record", self.record)):
            app.command(name)(command)

    def new(
        self,
        connector_id: Annotated[str, typer.Argument(metavar="ID", help="A word such as acme_helpdesk.")],
        category: Annotated[str, typer.Option(help=f"One of {', '.join(CATEGORIES)}.")],
        name: Annotated[str, typer.Option(help="What people call the system.")] = "",
        folder: Annotated[Path, typer.Option("--in", help="Where the new folder goes.")] = Path(),
        from_openapi: Annotated[
            Path | None, typer.Option("--from-openapi", help="An OpenAPI 3 description, JSON or YAML, on this machine.")
        ] = None,
    ) -> None:
        """Write a folder to start from; what is missing in it is told by `check`."""
        with failures_told(self._out):
            if from_openapi is None:
                self._tell_written(begin_connector(folder, connector_id, category=category, name=name))
                return
            drafting = begin_from_openapi(folder, connector_id, category=category, name=name, file=from_openapi)
            self._tell_written(asyncio.run(drafting))
            self._out.print("What could not be told stands in comments and in the README; `check` tells what is left to do.")

    def import_3cx(
        self,
        file: Annotated[Path, typer.Argument(help="A 3CX CRM template, XML.")],
        connector_id: Annotated[str, typer.Option("--id", help="A word such as acme_desk; the file's name when left out.")] = "",
        category: Annotated[str, typer.Option(help=f"One of {', '.join(CATEGORIES)}.")] = "crm",
        folder: Annotated[Path, typer.Option("--in", help="Where the new folder goes.")] = Path(),
    ) -> None:
        """Translate a 3CX CRM template into a folder; what has no counterpart is listed in its README."""
        with failures_told(self._out):
            importing = import_3cx(file, folder, connector_id or config_name(file.stem), category=category)
            self._tell_written(asyncio.run(importing))
            self._out.print("What was not translated stands in the README; `check` tells what is left to do.")

    def record(
        self,
        connection: Annotated[str, typer.Argument(help="The name of a configured connection.")],
        operation: Annotated[str, typer.Argument(help="What to ask, such as customer.find.")],
        inputs: Annotated[list[str] | None, typer.Argument(help="key=value, such as phone=+8613800138000.")] = None,
        *,
        to: Annotated[Path, typer.Option("--to", help="The connector's folder, or any other.")],
        title: Annotated[str, typer.Option(help="What the example shows; names its file.")] = "",
        write: Annotated[bool, typer.Option("--write", help="Carry out an operation that changes something.")] = False,
    ) -> None:
        """Ask the real system once and keep the exchange as an example in which nobody is named."""
        with failures_told(self._out):
            asked = Asked(operation, pairs(inputs or []), title=title, writing=write)
            recording = asyncio.run(self._record(connection, asked))
            file = write_recording(recording, to, title or operation)
            self._show_scrubbed(recording)
            self._out.print(f"wrote {escape(str(file))}; read it before you share it", highlight=False, soft_wrap=True)

    async def _record(self, connection: str, asked: Asked) -> Recording:
        async with self._open_trial(connection) as trial:
            return await record(trial, asked)

    def _show_scrubbed(self, recording: Recording) -> None:
        table = Table("where", "was", "is now")
        for scrubbed in recording.told:
            table.add_row(escape(scrubbed.place), scrubbed.kind, escape(scrubbed.instead))
        self._out.print(table)

    def _tell_written(self, files: tuple[Path, ...]) -> None:
        for file in files:
            self._out.print(f"wrote {escape(str(file))}", highlight=False, soft_wrap=True)
