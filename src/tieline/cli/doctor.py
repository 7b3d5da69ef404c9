"""`tieline doctor`: one line for each thing that must be well, exit 1 if any is not."""

import urllib.error
import urllib.request
from http import HTTPStatus
from typing import Annotated

import typer
from rich.console import Console

from tieline.cli.root import Root

console = Console()


def add_to(app: typer.Typer, root: Root) -> None:
    """Add the command."""

    @app.command()
    def doctor(
        ready: Annotated[str, typer.Option(help="Only ask a running server at this address whether it is ready.")] = "",
    ) -> None:
        """Check database, migrations, clock, connections, DNS and disk."""
        if ready:
            raise typer.Exit(0 if _is_ready(ready) else 1)
        findings = root.examine()
        for finding in findings:
            mark = "[green]ok  [/]" if finding.well else "[red]FAIL[/]"
            console.print(f"{mark} {finding.name}: {finding.told}", highlight=False)
        raise typer.Exit(0 if all(finding.well for finding in findings) else 1)


def _is_ready(address: str) -> bool:
    if not address.startswith(("http://", "https://")):
        return False
    try:
        with urllib.request.urlopen(f"{address.rstrip('/')}/readyz", timeout=2) as answer:  # noqa: S310 - scheme checked above
            return bool(answer.status == HTTPStatus.OK)
    except (urllib.error.URLError, TimeoutError):
        return False
