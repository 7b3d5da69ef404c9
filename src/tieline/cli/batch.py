"""`tieline import` and `tieline export`: data in and out by the file, with a bar of progress on standard error."""

from pathlib import Path, PurePosixPath
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from tieline.cli.root import Root
from tieline.cli.told import pairs
from tieline.domain.errors import ConfigRefused
from tieline.services.batch.exporting import ExportWish
from tieline.services.batch.importing import ImportWish, Tally
from tieline.services.batch.sheet import Reading

errors = Console(stderr=True)
REJECTED = 2
ELSEWHERE: Final = "sftp://"
Source = Annotated[str, typer.Argument(help="A file named .csv, .xlsx or .jsonl, here or at sftp://user@host/path.")]
Target = Annotated[str, typer.Argument(help="The file to write: .csv, .xlsx or .jsonl, here or at sftp://user@host/path.")]


def add_to(app: typer.Typer, root: Root) -> None:
    """Add the commands."""
    importing = typer.Typer(help="Bring data in from a file.", no_args_is_help=True)
    _add_phones(importing, root)
    _add_feedback(importing, root)
    app.add_typer(importing, name="import")

    @app.command()
    def export(
        kind: Annotated[str, typer.Argument(help="phones, tickets or audit.")],
        file: Target,
        *,
        force: Annotated[bool, typer.Option("--force", help="Replace the file if it is there.")] = False,
    ) -> None:
        """Write data to a file: every row, unmasked, readable by you alone; who exported what is in the audit trail."""
        with errors.status("Exporting") as status:
            near, far = _place(file)
            count = root.export(
                ExportWish(kind, near, replace=force), told=lambda rows: status.update(f"Exporting: {rows:,} rows"), to=far
            )
        typer.echo(f"{count} rows written.")


def _add_phones(group: typer.Typer, root: Root) -> None:
    @group.callback()
    def kinds() -> None:
        """Bring data in from a file."""

    @group.command()
    def phones(  # noqa: PLR0913 - each is an option of the command line
        file: Source,
        *,
        connection: Annotated[str | None, typer.Option(help="Whose customers, where the file does not say.")] = None,
        line: Annotated[str | None, typer.Option(help="The line by whose country numbers are read.")] = None,
        encoding: Annotated[str, typer.Option(help="Of a .csv or .jsonl, such as gb18030.")] = "utf-8-sig",
        sheet: Annotated[str | None, typer.Option(help="Of an .xlsx; default: the first.")] = None,
        column: Annotated[list[str] | None, typer.Option(help="FIELD=HEADING, for headings other than ours.")] = None,
        rejects: Annotated[Path | None, typer.Option(help="Default: FILE.rejects.csv, beside it or here.")] = None,
        dry_run: Annotated[bool, typer.Option("--dry-run", help="Only read, and write the rejects file.")] = False,
        again: Annotated[bool, typer.Option("--again", help="Even if this very file was imported before.")] = False,
    ) -> None:
        """Bring numbers into the index a ring is looked up in; exit 2 if rows were rejected. Stopped, it goes on where it was."""
        near, far = _place(file)
        if not (far or near.is_file()):
            raise ConfigRefused("there is no such file")
        wish = ImportWish(
            near,
            rejects or near.with_name(f"{near.name}.rejects.csv"),
            Reading(encoding, sheet, pairs(column or ())),
            connection=connection,
            line=line,
            dry_run=dry_run,
            again=again,
        )
        tally = _with_a_bar(root, wish, far)
        _tell(tally, wish)
        raise typer.Exit(REJECTED if tally.rejected else 0)


def _add_feedback(group: typer.Typer, root: Root) -> None:
    @group.command()
    def feedback(  # noqa: PLR0913 - each is an option of the command line
        file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A file named .csv, .xlsx or .jsonl.")],
        *,
        connection: Annotated[str, typer.Option(help="Whose feedback it is; ids are unique within it.")],
        line: Annotated[str | None, typer.Option(help="The line by whose country numbers are read.")] = None,
        encoding: Annotated[str, typer.Option(help="Of a .csv or .jsonl, such as gb18030.")] = "utf-8-sig",
        sheet: Annotated[str | None, typer.Option(help="Of an .xlsx; default: the first.")] = None,
        column: Annotated[list[str] | None, typer.Option(help="FIELD=HEADING, for headings other than ours.")] = None,
        rejects: Annotated[Path | None, typer.Option(help="Default: FILE.rejects.csv beside it.")] = None,
        dry_run: Annotated[bool, typer.Option("--dry-run", help="Only read, and write the rejects file.")] = False,
    ) -> None:
        """Bring in what customers said before: counted, not acted upon; exit 2 if rows were rejected."""
        reading = Reading(encoding, sheet, pairs(column or ()))
        beside = rejects or file.with_name(f"{file.name}.rejects.csv")
        wish = ImportWish(file, beside, reading, connection=connection, line=line, dry_run=dry_run)
        tally = root.import_feedback(wish, told=lambda _tally: None)
        typer.echo(f"{tally.read} rows read, {tally.taken} usable, {tally.changed} new, {tally.rejected} rejected.")
        raise typer.Exit(REJECTED if tally.rejected else 0)


def _place(written: str) -> tuple[Path, str]:
    """Return where a file is or would be here, and its address if it is elsewhere; what is about one elsewhere lies here."""
    return (Path(PurePosixPath(written).name), written) if written.startswith(ELSEWHERE) else (Path(written), "")


def _with_a_bar(root: Root, wish: ImportWish, source: str) -> Tally:
    shown = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*shown, console=errors, transient=True) as progress:
        task = progress.add_task("Importing", total=None)

        def told(tally: Tally) -> None:
            words = f"{tally.read:,} rows, {tally.rejected:,} rejected"
            progress.update(task, description=words, completed=tally.position, total=tally.whole or None)

        return root.import_phones(wish, told=told, source=source)


def _tell(tally: Tally, wish: ImportWish) -> None:
    if tally.before is not None:
        typer.echo(f"This very file was imported at {tally.before.isoformat(timespec='seconds')}; nothing to do. See --again.")
    if tally.resumed_at:
        typer.echo(f"It went on after row {tally.resumed_at}, where it had stopped.")
    changed = "nothing was written" if wish.dry_run else f"{tally.changed} index entries new or changed"
    typer.echo(f"{tally.read} rows read, {tally.taken} taken, {tally.rejected} rejected; {changed}.")
    if tally.rejected:
        typer.echo(f"Why: {wish.rejects}")
