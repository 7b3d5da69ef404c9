"""`tieline connector …`: look at connectors, examine one, try one; what writes files is in `connector_making`."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.pretty import Pretty
from rich.table import Table

from tieline.cli.connector_making import MakingCommands, OpenTrial
from tieline.cli.told import FAILED, failures_told, pairs
from tieline.connectors.engine.trace import Stage
from tieline.connectors.registry import Catalog
from tieline.domain.line import Line
from tieline.services.connector_exam import examine
from tieline.services.connectors import list_connectors, try_operation

Subject = Annotated[str, typer.Argument(help="The id of a packaged connector, or the path of a folder.")]


class ConnectorCommands:
    """The commands and what they need. `open_trial` opens a configured connection by name, with its mapping."""

    def __init__(self, catalog: Catalog, open_trial: OpenTrial, console: Console | None = None) -> None:
        self._catalog = catalog
        self._open_trial = open_trial
        self._out = console or Console()

    def app(self) -> typer.Typer:
        """Return the sub-application `connector`."""
        app = typer.Typer(help="Look at connectors, begin one, examine one, try one, record an exchange.", no_args_is_help=True)
        for name, command in (
            ("list", self.list_all),
            ("show", self.show),
            ("check", self.check),
            ("try", self.try_one),
        ):
            app.command(name)(command)
        MakingCommands(self._open_trial, self._out).add_to(app)
        return app

    def list_all(self) -> None:
        """Show every connector of the catalog."""
        table = Table("id", "name", "category", "tier", "can")
        for summary in list_connectors(self._catalog):
            can = [*summary.operations, *(["call events"] if summary.takes_calls else [])]
            table.add_row(
                summary.id, escape(summary.name), summary.category, summary.tier, escape(summary.fault) or ", ".join(can)
            )
        self._out.print(table)

    def show(self, connector: Subject) -> None:
        """Show what a connector can do and which fields it wants filled in."""
        with failures_told(self._out):
            manifest = self._catalog.find(connector).manifest
            self._out.print(f"[bold]{escape(manifest.name)}[/] ({manifest.id}, {manifest.category})")
            fields = Table("field", "title", "type", "required", "secret", "description")
            for name, field in manifest.config.items():
                marks = ("yes" if field.required and field.default is None else "", "yes" if field.secret else "")
                fields.add_row(name, escape(field.title), field.type, *marks, escape(field.description))
            self._out.print(fields)
            for name in manifest.operations:
                single = manifest.single(name)
                asks = f"{single.request.method} {single.request.path}" if single else "several requests"
                self._out.print(f"{name}: {escape(asks)}", highlight=False)
            if manifest.inbound and manifest.inbound.call:
                emitted = dict.fromkeys(event.emit for event in manifest.inbound.call.events)
                self._out.print(f"call events: {', '.join(emitted)}", highlight=False)

    def check(self, connector: Subject) -> None:
        """Sit the exam: print file, line and fault of each; exit 1 if there is any. Nothing is sent anywhere."""
        with failures_told(self._out):
            problems = asyncio.run(examine(self._folder(connector)))
            for problem in problems:
                self._out.print(escape(str(problem)), highlight=False, soft_wrap=True)
            if problems:
                raise typer.Exit(FAILED)
            self._out.print("It passes.")

    def try_one(
        self,
        connection: Annotated[str, typer.Argument(help="The name of a configured connection.")],
        operation: Annotated[str, typer.Argument(help="What to ask, such as customer.find.")],
        inputs: Annotated[list[str] | None, typer.Argument(help="key=value, such as phone=+8613800138000.")] = None,
        *,
        country: Annotated[str, typer.Option(help="How a number without a country is read.")] = "CN",
        write: Annotated[bool, typer.Option("--write", help="Carry out an operation that changes something.")] = False,
    ) -> None:
        """Ask the real system and show every stage; secrets are removed."""
        with failures_told(self._out):
            line = Line(number="", name="", country=country)
            stages = asyncio.run(self._try(connection, operation, pairs(inputs or []), line=line, writing=write))
            self._show_stages(stages)

    async def _try(
        self, connection: str, operation: str, inputs: Mapping[str, str], *, line: Line, writing: bool
    ) -> Sequence[Stage]:
        async with self._open_trial(connection) as trial:
            return await try_operation(trial, operation, inputs, line=line, writing=writing)

    def _show_stages(self, stages: Sequence[Stage]) -> None:
        for stage in stages:
            self._out.rule(stage.name.replace("_", " "), align="left")
            if stage.name == "mapped":
                self._show_mapped(stage.facts["records"])
                continue
            for fact, value in stage.facts.items():
                self._show_fact(fact, value)
        if any(stage.name == "error" for stage in stages):
            raise typer.Exit(FAILED)

    def _show_mapped(self, records: Sequence[Sequence[Mapping[str, Any]]]) -> None:
        """Explain each field of each record: where it was looked for, what stood there, what became of it, and why not."""
        for fields in records:
            table = Table("field", "read from", "codec", "found", "becomes", "because")
            for field in fields:
                texts = (field["path"], field["codec"], _shown(field["found"]), _shown(field["result"]), field["reason"])
                table.add_row(field["row"] + ("*" if field["required"] else ""), *(escape(text) for text in texts))
            self._out.print(table)

    def _show_fact(self, fact: str, value: Any) -> None:  # noqa: ANN401 - each stage has its own facts
        if value in (None, "", []):
            return
        if isinstance(value, list | dict):
            self._out.print(f"{fact}:")
            self._out.print(Pretty(value, expand_all=fact == "records"))
        else:
            self._out.print(f"{fact}: {escape(str(value))}", highlight=False, soft_wrap=True)

    def _folder(self, connector: str) -> Path:
        """A folder that does not load must still be found, so a path is taken as it is."""
        path = Path(connector)
        return path.resolve() if path.is_dir() else self._catalog.find(connector).folder


def _shown(value: object) -> str:
    return "" if value is None else str(value)
