"""`tieline audit`: prove that nobody touched the audit trail, and carry its checkpoints to where nobody can."""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from tieline.cli.root import Root
from tieline.domain.audit_chain import Checkpoint
from tieline.domain.errors import ConfigRefused

console = Console(stderr=True)
TAMPERED = 1


def add_to(app: typer.Typer, root: Root) -> None:
    """Add the commands."""
    group = typer.Typer(help="The audit trail: whether it is as it was written.", no_args_is_help=True)

    @group.command()
    def verify(
        checkpoints: Annotated[
            Path | None,
            typer.Option(exists=True, dir_okay=False, help="Checkpoints kept elsewhere, as `checkpoints` prints them."),
        ] = None,
        public_key: Annotated[str | None, typer.Option(help="Whose checkpoints count; default: this installation's key.")] = None,
    ) -> None:
        """Walk the whole chain; exit 1 and name the first entry that was tampered with."""
        kept = list(read_checkpoints(checkpoints)) if checkpoints is not None else []
        with console.status("Walking the chain"):
            verdict = root.verify_audit(kept, public_key=public_key)
        if not verdict.sound:
            at = f" First bad entry: {verdict.first_bad}." if verdict.first_bad is not None else ""
            typer.echo(f"TAMPERED: {verdict.why}.{at} {verdict.checked} entries before it are sound.")
            raise typer.Exit(TAMPERED)
        typer.echo(f"Sound: {verdict.checked} entries.")

    @group.command(name="checkpoints")
    def print_checkpoints() -> None:
        """Print the signed checkpoints, one JSON object a line: keep them where this machine cannot write."""
        for checkpoint in root.audit_checkpoints():
            typer.echo(json.dumps(_written(checkpoint)))

    @group.command()
    def key() -> None:
        """Print the public key that tells this installation's checkpoints from others."""
        typer.echo(root.audit_key())

    app.add_typer(group, name="audit")


def _written(checkpoint: Checkpoint) -> dict[str, object]:
    return {
        "number": checkpoint.number,
        "digest": checkpoint.digest.hex(),
        "at": checkpoint.at.isoformat(),
        "signature": checkpoint.signature.hex(),
    }


def read_checkpoints(file: Path) -> Iterator[Checkpoint]:
    """Read what `checkpoints` printed. Raises: ConfigRefused: naming the line."""
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            fields = json.loads(line)
            yield Checkpoint(
                int(fields["number"]),
                bytes.fromhex(fields["digest"]),
                datetime.fromisoformat(fields["at"]),
                bytes.fromhex(fields["signature"]),
            )
        except (ValueError, KeyError, TypeError) as exc:
            raise ConfigRefused("this is no checkpoint", where=f"{file}:{number}") from exc
