"""`tieline connector …`: look at connectors, begin one, examine one, try one."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.markup import escape
from rich.pretty import Pretty
from rich.table import Table

from tieline.connectors.engine.trace import Stage
from tieline.connectors.registry import Catalog
from tieline.domain.errors import ConfigRefused, TielineError
from tieline.domain.line import Line
from tieline.services.connector_exam import examine
from tieline.services.connectors import CATEGORIES, Trial, begin_connector, list_connectors, try_operation

OpenTrial = Callable[[str], AbstractAsyncContextManager[Trial]]
Subject = Annotated[str, typer.Argument(help="The id of a packaged connector, or the path of a folder.")]
_FAILED: Final = 1


class ConnectorCommands:
    """The commands and what they need. `open_trial` opens a configured connection by name, with its mapping."""

    def __init__(self, catalog: Catalog, open_trial: OpenTrial, console: Console | None = None) -> None:
        self._catalog = catalog
        self._open_trial = open_trial
        self._out = console or Console()

    def app(self) -> typer.Typer:
        """Return the sub-application `connector`."""
        app = typer.Typer(help="Look at connectors, begin one, examine one, try one.", no_args_is_help=True)
        for name, command in (
            ("list", self.list_all),
            ("show", self.show),
            ("new", self.new),
            ("check", self.check),
            ("try", self.try_one),
        ):
            app.command(name)(command)
        return app

    def list_all(self) -> None:
        """Show every connector of the catalog."""
        table = Table("id", "name", "category", "can")
        for summary in list_connectors(self._catalog):
            can = [*summary.operations, *(["call events"] if summary.takes_calls else [])]
            table.add_row(summary.id, escape(summary.name), summary.category, escape(summary.fault) or ", ".join(can))
        self._out.print(table)

    def show(self, connector: Subject) -> None:
        """Show what a connector can do and which fields it wants filled in."""
        with self._failures_told():
            manifest = self._catalog.find(connector).manifest
            self._out.print(f"[bold]{escape(manifest.name)}[/] ({manifest.id}, {manifest.category})")
            fields = Table("field", "title", "type", "required", "secret", "description")
            for name, field in manifest.config.items():
                marks = ("yes" if field.required and field.default is None else "", "yes" if field.secret else "")
                fields.add_row(name, escape(field.title), field.type, *marks, escape(field.description))
            self._out.print(fields)
            for name, operation in manifest.operations.items():
                self._out.print(f"{name}: {operation.request.method} {escape(operation.request.path)}", highlight=False)
            if manifest.inbound and manifest.inbound.call:
                emitted = dict.fromkeys(event.emit for event in manifest.inbound.call.events)
                self._out.print(f"call events: {', '.join(emitted)}", highlight=False)

    def new(
        self,
        connector_id: Annotated[str, typer.Argument(metavar="ID", help="A word such as acme_helpdesk.")],
        category: Annotated[str, typer.Option(help=f"One of {', '.join(CATEGORIES)}.")],
        name: Annotated[str, typer.Option(help="What people call the system.")] = "",
        folder: Annotated[Path, typer.Option("--in", help="Where the new folder goes.")] = Path(),
    ) -> None:
        """Write a folder to start from; its example fails until it is filled in."""
        with self._failures_told():
            for file in begin_connector(folder, connector_id, category=category, name=name):
                self._out.print(f"wrote {escape(str(file))}", highlight=False)

    def check(self, connector: Subject) -> None:
        """Sit the exam: print file, line and fault of each; exit 1 if there is any. Nothing is sent anywhere."""
        with self._failures_told():
            problems = asyncio.run(examine(self._folder(connector)))
            for problem in problems:
                self._out.print(escape(str(problem)), highlight=False, soft_wrap=True)
            if problems:
                raise typer.Exit(_FAILED)
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
        with self._failures_told():
            line = Line(number="", name="", country=country)
            stages = asyncio.run(self._try(connection, operation, _pairs(inputs or []), line=line, writing=write))
            self._show_stages(stages)

    async def _try(
        self, connection: str, operation: str, inputs: Mapping[str, str], *, line: Line, writing: bool
    ) -> Sequence[Stage]:
        async with self._open_trial(connection) as trial:
            return await try_operation(trial, operation, inputs, line=line, writing=writing)

    def _show_stages(self, stages: Sequence[Stage]) -> None:
        for stage in stages:
            self._out.rule(stage.name, align="left")
            for fact, value in stage.facts.items():
                self._show_fact(fact, value)
        if any(stage.name == "error" for stage in stages):
            raise typer.Exit(_FAILED)

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

    @contextmanager
    def _failures_told(self) -> Iterator[None]:
        """Tell a foreseen failure in one sentence and end with 1."""
        try:
            yield
        except TielineError as exc:
            self._out.print(f"[red]{escape(exc.detail)}[/]", highlight=False, soft_wrap=True)
            raise typer.Exit(_FAILED) from exc


def _pairs(written: Sequence[str]) -> dict[str, str]:
    pairs = dict(pair.split("=", 1) for pair in written if "=" in pair)
    if len(pairs) != len(written):
        raise ConfigRefused("inputs are written key=value, each key once, such as phone=+8613800138000")
    return pairs
