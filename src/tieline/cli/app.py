"""The command line put together. Every failure that is foreseen is told in one sentence."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from tieline import __version__
from tieline.cli import audit, batch, bi, break_glass, demo, doctor, generate, keys, privacy, reports, ring, secrets
from tieline.cli.connector import ConnectorCommands
from tieline.cli.root import Root
from tieline.domain.errors import TielineError

console = Console()
errors = Console(stderr=True)
MARKS = {"create": "[green]+[/]", "update": "[yellow]~[/]", "keep": "[dim]=[/]"}


def build(root: Root) -> typer.Typer:
    """Return the command line for a root."""
    app = typer.Typer(
        help="Tieline ties a call centre to the systems that know the customer.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        add_completion=False,
    )
    app.callback()(_begin)
    _add_running(app, root)
    _add_configuring(app, root)
    demo.add_to(app, root)
    doctor.add_to(app, root)
    ring.add_to(app)
    keys.add_to(app, root)
    break_glass.add_to(app, root)
    audit.add_to(app, root)
    reports.add_to(app, root)
    bi.add_to(app, root)
    privacy.add_to(app, root)
    secrets.add_to(app, root)
    batch.add_to(app, root)
    generate.add_to(app, root)
    app.add_typer(ConnectorCommands(root.catalog, root.open_trial).app(), name="connector")
    return app


def run(app: Callable[[], object]) -> None:
    """Run a command; exit 1 with one sentence on anything foreseen."""
    try:
        app()
    except TielineError as exc:
        errors.print(f"[red]{exc}[/]" + (f" {exc.hint}" if exc.hint else ""), highlight=False, soft_wrap=True)
        sys.exit(1)


def tell(sentence: str) -> None:
    """Print what is going on."""
    errors.print(f"[dim]{sentence} …[/]", highlight=False)


def _say_version(wanted: bool) -> None:  # noqa: FBT001 - as the command line hands it over
    if wanted:
        typer.echo(f"tieline {__version__}")
        raise typer.Exit


def _begin(
    *,
    version: Annotated[bool, typer.Option("--version", is_eager=True, callback=_say_version, help="Say which version.")] = False,
) -> None:
    del version


def _add_running(app: typer.Typer, root: Root) -> None:
    @app.command()
    def serve(
        host: Annotated[str | None, typer.Option(help="Address to listen on; default: TIELINE_HOST.")] = None,
        port: Annotated[int | None, typer.Option(help="TCP port; default: TIELINE_PORT.")] = None,
        workers: Annotated[int, typer.Option(min=1, max=64, help="Processes that share the port.")] = 1,
        *,
        with_worker: Annotated[bool, typer.Option("--with-worker", help="Work off jobs in the same process too.")] = False,
    ) -> None:
        """Serve the API and the pages."""
        root.serve(host=host, port=port, workers=workers, with_worker=with_worker, progress=tell)

    @app.command()
    def worker(
        concurrency: Annotated[int, typer.Option(min=1, max=256, help="Deliveries carried at once for each connection.")] = 8,
    ) -> None:
        """Work off deliveries, pulls and schedules."""
        root.work(concurrency=concurrency, progress=tell)


def _add_configuring(app: typer.Typer, root: Root) -> None:
    @app.command()
    def migrate() -> None:
        """Bring the database's schema to the newest revision."""
        console.print(f"The schema is at {root.migrate(progress=tell)}.")

    @app.command()
    def apply(
        file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The YAML file.")],
        *,
        dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would change.")] = False,
    ) -> None:
        """Create or update connections, lines, agents and mappings from one file."""
        changes = root.apply(file, dry_run=dry_run)
        for change in changes:
            console.print(f"{MARKS[change.verb]} {change.kind} {change.name}", highlight=False)
        changed = sum(change.verb != "keep" for change in changes)
        done = "would change" if dry_run else "changed"
        console.print(f"{changed} {done}, {len(changes) - changed} as they were.")
