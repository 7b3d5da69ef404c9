"""`tieline bi`: let a BI tool read the figures."""

from typing import Annotated

import typer

from tieline.cli.root import Root

RoleName = Annotated[str, typer.Option("--name", help="The name of the database role.")]


def add_to(app: typer.Typer, root: Root) -> None:
    """Add the commands."""
    group = typer.Typer(help="BI tools: Superset, FineReport, Power BI and others.", no_args_is_help=True)

    @group.command()
    def grant(name: RoleName = "tieline_bi") -> None:
        """Make a role of the database that reads the schema `reporting` and nothing else; run again, it gets a new password."""
        password = root.grant_bi(name)
        typer.echo(password)
        typer.echo(f"Keep it now: it cannot be shown again. Sign in as {name}; see docs/bi.md.", err=True)

    @group.command()
    def revoke(name: RoleName = "tieline_bi") -> None:
        """Take such a role away."""
        root.revoke_bi(name)
        typer.echo(f"{name} is gone.")

    app.add_typer(group, name="bi")
