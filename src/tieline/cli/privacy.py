"""`tieline privacy`: serve what people may ask of their data, on the machine that runs the server."""

import csv
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.console import Console

from tieline.cli.root import Root
from tieline.services.batch.formula_safe import guard
from tieline.services.privacy.subject import Wanted

console = Console()
MOMENTS = ["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d"]
Phone = Annotated[str | None, typer.Option(help="Any spelling of a number.")]
Ref = Annotated[str | None, typer.Option(help="A record, as crm:003xx.")]
Why = Annotated[str, typer.Option(help="Why: kept in the audit. Name a case, not a person.")]


def add_to(app: typer.Typer, root: Root) -> None:
    """Add the commands."""
    group = typer.Typer(help="What people may ask of their data: a copy, an end.", no_args_is_help=True)
    _add_export(group, root)

    @group.command()
    def erase(
        reason: Why,
        phone: Phone = None,
        ref: Ref = None,
        *,
        dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count what would go.")] = False,
    ) -> None:
        """Erase one person everywhere, and keep them from coming back with the next sync."""
        told = root.erase_subject(Wanted(reason=reason, phone=phone, ref=ref), dry_run=dry_run)
        for table, count in sorted(told.counts.items()):
            console.print(f"{table} {count}", highlight=False)
        console.print("Would go." if told.id is None else f"Erased as {told.id}.", highlight=False)
        for record in told.recipients:
            console.print(f"Erase it there too: {record}", highlight=False)
        if told.shared_numbers:
            console.print(f"{told.shared_numbers} of their numbers are also somebody else's: those calls stay.", highlight=False)

    @group.command()
    def lift(erasure: Annotated[UUID, typer.Argument(help="The id that `erase` printed.")], reason: Why) -> None:
        """Let somebody who was erased come back as somebody new."""
        root.lift_erasure(erasure, reason)
        console.print("Lifted.")

    _add_breach_pack(group, root)
    _add_backups(group, root)
    app.add_typer(group, name="privacy")


def _add_export(group: typer.Typer, root: Root) -> None:
    @group.command()
    def export(
        file: Annotated[Path, typer.Argument(dir_okay=False, help="Where to write it: JSON.")],
        reason: Why,
        phone: Phone = None,
        ref: Ref = None,
        tables: Annotated[Path | None, typer.Option(file_okay=False, help="Each table as CSV into this folder too.")] = None,
    ) -> None:
        """Write a copy of everything that is kept of one person."""
        copied = root.export_subject(Wanted(reason=reason, phone=phone, ref=ref))
        file.touch(mode=0o600)
        file.write_text(json.dumps(copied, ensure_ascii=False, indent=2, default=str), encoding="utf-8")
        if tables is not None:
            tables.mkdir(mode=0o700, exist_ok=True)
            for name, rows in copied["tables"].items():
                write_csv(tables / f"{name}.csv", rows)
        console.print(f"{sum(map(len, copied['tables'].values()))} rows.", highlight=False)


def _add_breach_pack(group: typer.Typer, root: Root) -> None:
    @group.command(name="breach-pack")
    def breach_pack(
        folder: Annotated[Path, typer.Argument(file_okay=False, help="A new folder for the pack.")],
        since: Annotated[datetime, typer.Option(formats=MOMENTS, help="From when: 2026-11-26T09:00:00+08:00.")],
        until: Annotated[datetime | None, typer.Option(formats=MOMENTS, help="To when; default: now.")] = None,
        actor: Annotated[str | None, typer.Option(help="Only what this one did, as agent:1001 or key:….")] = None,
    ) -> None:
        """Write who was shown whose data in a period: for the report after a breach (PIPL art. 57, GDPR art. 33)."""
        pack = root.breach_pack(folder, since=since.astimezone(), until=until.astimezone() if until else None, actor=actor)
        shown = f"{pack.actors} were shown data of {pack.people}, {pack.entries} times; {pack.revealed_fields} fields opened."
        console.print(shown, highlight=False)
        console.print(
            "The audit trail is sound." if pack.sound else f"THE AUDIT TRAIL WAS TOUCHED: {pack.doubt}.", highlight=False
        )


def _add_backups(group: typer.Typer, root: Root) -> None:
    @group.command()
    def marks() -> None:
        """Print the stand-ins of everybody erased or restricted: keep them where a restored backup does not overwrite them."""
        for mark in root.erased_marks():
            typer.echo(mark)

    @group.command()
    def reapply(
        file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="What `marks` printed, before the restoring.")],
    ) -> None:
        """After restoring a backup, before it serves: erase again whoever was erased since it was made, and restrict who was."""
        counts = root.reapply_erasures(file.read_text(encoding="ascii").split())
        console.print(f"{sum(counts.values())} rows erased again.", highlight=False)


def write_csv(file: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows as CSV, so that no cell is taken for a formula."""
    with file.open("w", encoding="utf-8-sig", newline="") as out:
        table = csv.DictWriter(out, list(rows[0]))
        table.writeheader()
        table.writerows({name: guard(_cell(value)) for name, value in row.items()} for row in rows)


def _cell(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
