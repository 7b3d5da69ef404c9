"""`tieline key`: make an API key on the machine that runs the server."""

from typing import Annotated

import typer
from rich.console import Console

from tieline.cli.root import Root
from tieline.security.permissions import PERMISSIONS

hints = Console(stderr=True)


def add_to(app: typer.Typer, root: Root) -> None:
    """Add the commands."""
    group = typer.Typer(help="API keys for machines, and for agents who sign in to the desk.", no_args_is_help=True)

    @group.command()
    def create(
        name: Annotated[str, typer.Option(help="What it is for; its owner must be found when it ends.")],
        scope: Annotated[list[str], typer.Option(help="A permission; repeat for more. `tieline key scopes` lists them.")],
        agent: Annotated[str | None, typer.Option(help="Bind it to one agent, who signs in to the desk with it.")] = None,
        days: Annotated[int, typer.Option(min=1, max=365, help="Days until it ends.")] = 365,
    ) -> None:
        """Make a key and print it, this once."""
        key = root.create_key(name=name, scopes=scope, agent=agent, days=days)
        hints.print("[dim]Keep it now: it cannot be shown again. Send it as[/] Authorization: Bearer …", highlight=False)
        typer.echo(key)

    @group.command()
    def scopes() -> None:
        """List what a key may be allowed."""
        for permission, meaning in PERMISSIONS.items():
            typer.echo(f"{permission:<18} {meaning}")

    app.add_typer(group, name="key")
