"""`tieline reports`: count the figures anew from what they are counted of."""

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from tieline.cli.root import Root


def add_to(app: typer.Typer, root: Root) -> None:
    """Add the commands."""
    group = typer.Typer(help="The figures of the reports.", no_args_is_help=True)

    @group.command()
    def rebuild() -> None:
        """Forget every figure and count anew; may be broken off. Lost: the sync lag of deliveries that were deleted since."""
        shown = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*shown, transient=True) as progress:
            bar = progress.add_task("Counting", total=None)
            counted = root.rebuild_reports(told=lambda done, all_: progress.update(bar, completed=done, total=all_))
        typer.echo(f"{counted} counted.")

    app.add_typer(group, name="reports")
