"""`tieline breakglass`: local administrators for the day nobody else can sign in, set up on the server's own machine alone."""

import sys
from getpass import getpass
from typing import Annotated, Final

import typer
from rich.console import Console

from tieline.cli.root import Root

Name = Annotated[str, typer.Argument(help="The administrator's name: small letters, digits, hyphens.")]
DIFFERENT: Final = 2
hints = Console(stderr=True)


def add_to(app: typer.Typer, root: Root) -> None:
    """Add the commands."""
    group = typer.Typer(
        help="Local administrators, who sign in with a password and an app's codes while the providers are away.",
        no_args_is_help=True,
    )

    @group.command(name="set")
    def set_up(name: Name) -> None:
        """Make one. The password is asked for, or read as one line from standard input; what the app needs is printed, once."""
        _show(root.set_local_admin(name, _password(), anew=False))

    @group.command()
    def rotate(name: Name) -> None:
        """Give one a new password and new codes; ends their sessions and lifts the lock after failures."""
        _show(root.set_local_admin(name, _password(), anew=True))

    @group.command()
    def off(name: Annotated[str | None, typer.Argument(help="Whom; nobody named: all.")] = None) -> None:
        """Take one away, or all, with their sessions."""
        gone = root.remove_local_admins(name)
        typer.echo(f"{len(gone)} taken away: {', '.join(gone)}." if gone else "There was none.")

    app.add_typer(group, name="breakglass")


def _password() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    password = getpass("Password: ")
    if getpass("Once more: ") != password:
        hints.print("[red]The two differ.[/]")
        raise typer.Exit(DIFFERENT)
    return password


def _show(address: str) -> None:
    hints.print("[dim]Put this into an authenticator app now: it cannot be shown again.[/]")
    hints.print("[dim]It works from TIELINE_BREAK_GLASS_NETWORKS alone; see docs/sign-in.md.[/]")
    typer.echo(address)
