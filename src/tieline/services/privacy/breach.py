"""The pack for the first hours of a breach: who saw whom, in files, and whether the audit they are taken from is sound."""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Final

import orjson

from tieline.domain.errors import ConfigRefused
from tieline.security.audit_signing import AuditSigner
from tieline.security.permissions import Caller
from tieline.services import audit_chain
from tieline.services.batch.formula_safe import guard
from tieline.services.house import House
from tieline.store import audit_trail, breach
from tieline.store.breach import Period
from tieline.store.journal_rows import AuditRow

WHO: Final = ("actor", "role", "action", "times", "subjects", "first_at", "last_at")
WHOM: Final = ("subject", "times", "actors", "actions", "revealed", "first_at", "last_at")


@dataclass(frozen=True, slots=True)
class Pack:
    """What is in the pack. `sound`: the audit trail is as it was written, as far as its chain shows."""

    since: str
    until: str
    made_at: str
    actors: int
    people: int
    entries: int
    revealed_fields: int
    sound: bool
    entries_checked: int
    doubt: str


async def write_pack(house: House, period: Period, folder: Path, *, caller: Caller) -> Pack:
    """Write `who.csv`, `whom.csv` and `pack.json` into a new folder.

    Raises: ConfigRefused: the folder is there, or the end lies before the beginning.
    """
    if period.until <= period.since:
        raise ConfigRefused("the end lies before the beginning")
    _make(folder)
    await _note(house, period, caller=caller)
    people = revealed = 0
    async with house.database.pool.connection() as connection, connection.transaction():
        seen_by = await breach.who(connection, period)
        with _opened(folder / "who.csv") as out:
            _write(out, WHO, seen_by, head=True)
        with _opened(folder / "whom.csv") as out:
            _write(out, WHOM, (), head=True)
            async for lot in breach.whom(connection, period):
                _write(out, WHOM, lot)
                people += len(lot)
                revealed += sum(len(one["revealed"]) for one in lot)
    verdict = await audit_chain.verify(house.database, AuditSigner.of(house.box).checker, now=house.clock())
    pack = Pack(
        since=period.since.isoformat(),
        until=period.until.isoformat(),
        made_at=house.clock().isoformat(),
        actors=len({one["actor"] for one in seen_by}),
        people=people,
        entries=sum(one["times"] for one in seen_by),
        revealed_fields=revealed,
        sound=verdict.sound,
        entries_checked=verdict.checked,
        doubt=verdict.why,
    )
    with _opened(folder / "pack.json", encoding="utf-8") as out:
        out.write(orjson.dumps(asdict(pack), option=orjson.OPT_INDENT_2).decode())
    return pack


async def _note(house: House, period: Period, *, caller: Caller) -> None:
    details = {"since": period.since.isoformat(), "until": period.until.isoformat()}
    note = AuditRow(
        at=house.clock(),
        actor=caller.actor,
        actor_role=caller.role,
        action="privacy.breach_pack",
        subject=period.actor,
        details=details,
    )
    async with house.database.begin() as tx:
        await audit_trail.write(tx, note)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True)
    except FileExistsError as exc:
        raise ConfigRefused("the folder is there already") from exc


def _opened(file: Path, *, encoding: str = "utf-8-sig") -> IO[str]:
    """Open a new file for its owner only. A byte order mark tells Excel that a CSV is UTF-8."""
    file.touch(mode=0o600)
    return file.open("w", encoding=encoding, newline="")


def _write(out: IO[str], columns: tuple[str, ...], rows: Iterable[Mapping[str, Any]], *, head: bool = False) -> None:
    table = csv.writer(out)
    if head:
        table.writerow(columns)
    table.writerows([guard(_cell(row[name])) for name in columns] for row in rows)


def _cell(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    return " ".join(value) if isinstance(value, list) else "" if value is None else str(value)
