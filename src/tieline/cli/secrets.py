"""`tieline secrets`: whether everything that is sealed opens, and a new key for all of it while the house is open."""

from typing import Annotated

import typer

from tieline.cli.root import Root

BROKEN = 1


def add_to(app: typer.Typer, root: Root) -> None:
    """Add the commands."""
    group = typer.Typer(help="The secrets of connections: sealed, never shown.", no_args_is_help=True)

    @group.command()
    def check() -> None:
        """Open every secret once, show none, and exit 1 if one does not open."""
        found = root.check_secrets()
        for version, count in sorted(found.by_version.items()):
            typer.echo(f"key {version}: {count}")
        typer.echo(f"{found.current} with the newest key.")
        _tell_faults(found.faults)

    @group.command()
    def rotate(
        *,
        new_key: Annotated[bool, typer.Option("--new-key", help="Add a key to the key file first; old ones stay in it.")] = False,
        sm4: Annotated[bool, typer.Option("--sm4", help="The new key is for SM4-GCM instead of AES-256-GCM.")] = False,
        data_keys: Annotated[bool, typer.Option("--data-keys", help="Make the data keys anew too.")] = False,
    ) -> None:
        """Give every secret the newest key; servers go on meanwhile. Copies of the key file elsewhere get the new one first."""
        if sm4 and not new_key:
            raise typer.BadParameter("--sm4 says what --new-key makes")
        done = root.rotate_secrets(new_key=new_key, sm4=sm4, data_keys=data_keys)
        typer.echo(f"{done.changed} changed, {done.current} had it already, {done.overtaken} changed by somebody else meanwhile.")
        _tell_faults(done.faults)

    app.add_typer(group, name="secrets")


def _tell_faults(faults: tuple[str, ...]) -> None:
    for fault in faults:
        typer.echo(f"DOES NOT OPEN: {fault}", err=True)
    if faults:
        raise typer.Exit(BROKEN)
