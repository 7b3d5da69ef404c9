"""Importing the phone index: a slice is read while the one before is written; rows and cursor are one commit."""

import asyncio
import contextlib
import hashlib
from collections.abc import Callable, Generator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import orjson
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter

from tieline.domain.dial_plan import DialPlan
from tieline.domain.errors import ConfigRefused, Overloaded, StateConflict
from tieline.domain.line import Line
from tieline.security.permissions import Caller
from tieline.services.batch.formats import format_of, open_sheet
from tieline.services.batch.phone_rows import PhoneRows, PhoneRules
from tieline.services.batch.rejects import RejectsFile
from tieline.services.batch.sheet import Reading
from tieline.services.batch.slices import Slice, processes_for, slices, slices_ahead
from tieline.services.directory import NO_LINE, Directory
from tieline.services.house import House
from tieline.store import audit_trail, configuration, identity_import, import_cursors
from tieline.store.database import Transaction, driver
from tieline.store.identity_import import StagedKey
from tieline.store.import_cursors import ImportCursor
from tieline.store.journal_rows import AuditRow

KIND: Final = "phones"
TRIES: Final = 6
_CHUNK_BYTES: Final = 1_048_576

Told = Callable[["Tally"], None]


@dataclass(frozen=True, slots=True)
class ImportWish:
    """What is to be imported, and how. `line`: whose dial plan numbers are read by; `again`: even if it was imported before."""

    path: Path
    rejects: Path
    reading: Reading = field(default_factory=Reading)
    connection: str | None = None
    line: str | None = None
    dry_run: bool = False
    again: bool = False


@dataclass(frozen=True, slots=True)
class Tally:
    """How it stands. `position` of `whole` is read; `before`: this very file was imported then, and nothing was done now."""

    read: int = 0
    taken: int = 0
    rejected: int = 0
    changed: int = 0
    position: int = 0
    whole: int = 0
    resumed_at: int = 0
    before: datetime | None = None


async def import_phones(house: House, wish: ImportWish, *, asker: Caller, told: Told) -> Tally:
    """Import a file to its end, from where it stopped the last time; the same file again changes nothing.

    Raises: ConfigRefused: it cannot be read to the end; what was read stays imported. StateConflict: it is being imported.
    """
    RejectsFile(wish.rejects).require_ours()
    digest = await asyncio.to_thread(_digest, wish)
    now = house.clock()
    changed_at = datetime.fromtimestamp(wish.path.stat().st_mtime, UTC)
    fresh = ImportCursor(KIND, digest, as_of=min(changed_at, now), begun_at=now)
    run = _Import(house, wish, asker)
    cursor = fresh if wish.dry_run else await run.begin(fresh)
    if cursor.finished_at is not None:
        return replace(_tally(cursor), before=cursor.finished_at)
    sheet = await asyncio.to_thread(open_sheet, wish.path, wish.reading)
    try:
        rows = PhoneRows(sheet, wish.reading.columns, await run.rules(cursor.as_of))
        processes = processes_for(sheet)
        skip = cursor.rows_read
        parts = slices_ahead(sheet, rows, processes=processes, skip=skip) if processes else slices(sheet, rows, skip=skip)
        with contextlib.closing(parts):
            return await run.through(parts, cursor, told)
    finally:
        sheet.close()


class _Import:
    """One import under way."""

    def __init__(self, house: House, wish: ImportWish, asker: Caller) -> None:
        self._house = house
        self._wish = wish
        self._asker = asker
        self._rejects = RejectsFile(wish.rejects)

    async def rules(self, as_of: datetime) -> PhoneRules:
        """Gather what numbers and connections are read by."""
        async with self._house.database.read() as conn:
            connections = frozenset((await configuration.read(conn)).connections)
        if self._wish.connection is not None and self._wish.connection not in connections:
            raise ConfigRefused("there is no connection of the name given with --connection")
        directory = self._house.directory.now
        return PhoneRules(_line(directory, self._wish.line), directory.internal, connections, self._wish.connection, as_of)

    async def begin(self, fresh: ImportCursor) -> ImportCursor:
        """Return where to go on: the beginning, where it stopped, or the end."""
        async with self._house.database.begin() as tx:
            known = None if await import_cursors.begin(tx, fresh) else await import_cursors.find(tx, fresh.kind, fresh.digest)
            if known is not None and (known.finished_at is None or not self._wish.again):
                return known
            if known is not None:
                fresh = replace(fresh, as_of=known.as_of)
                await self._advance(tx, known, fresh)
            await self._note(tx, "import.begun", fresh)
        return fresh

    async def through(self, parts: Generator[Slice], cursor: ImportCursor, told: Told) -> Tally:
        """Write slice after slice, reading one ahead, and finish."""
        begun_at = cursor.rows_read
        part = await asyncio.to_thread(next, parts, None)
        while part is not None:
            ahead = asyncio.ensure_future(asyncio.to_thread(next, parts, None))
            try:
                cursor = await self._write(part, cursor)
            finally:
                await asyncio.wait([ahead])
            told(replace(_tally(cursor), position=part.position[0], whole=part.position[1]))
            part = ahead.result()
        if not self._wish.dry_run:
            cursor = await self._finish(cursor)
        return replace(_tally(cursor), resumed_at=begun_at)

    async def _write(self, part: Slice, cursor: ImportCursor) -> ImportCursor:
        """Try a slice until the database has it; whatever a live call waits for goes first."""
        if self._wish.dry_run:
            return await self._moved(part, cursor, changed=0)
        retries = AsyncRetrying(
            retry=retry_if_exception_type(Overloaded),
            stop=stop_after_attempt(TRIES),
            wait=wait_exponential_jitter(multiplier=0.2, max=5),
            reraise=True,
        )
        return await retries(self._commit, part, cursor)

    async def _commit(self, part: Slice, cursor: ImportCursor) -> ImportCursor:
        async with self._house.database.begin() as tx:
            changed = await identity_import.merge(await driver(tx), self._permitted(part))
            after = await self._moved(part, cursor, changed=changed)
            await self._advance(tx, cursor, after)
        return after

    def _permitted(self, part: Slice) -> list[StagedKey]:
        """Return the entries of a slice without those of people who were erased: a full import does not bring them back."""
        erased = self._house.desk.erased
        keys = list(part.keys.values())
        if not erased:
            return keys
        return [
            key
            for key in keys
            if not (erased.number(key.e164) or erased.record(key.connection, key.external_kind, key.external_id))
        ]

    async def _moved(self, part: Slice, cursor: ImportCursor, *, changed: int) -> ImportCursor:
        ends = await asyncio.to_thread(self._rejects.write, part.rejects, at=cursor.rejects_bytes)
        return replace(
            cursor,
            rows_read=cursor.rows_read + part.read,
            rows_taken=cursor.rows_taken + part.taken,
            rows_rejected=cursor.rows_rejected + len(part.rejects),
            keys_changed=cursor.keys_changed + changed,
            rejects_bytes=ends,
        )

    async def _finish(self, cursor: ImportCursor) -> ImportCursor:
        after = replace(cursor, finished_at=self._house.clock())
        async with self._house.database.begin() as tx:
            await self._advance(tx, cursor, after)
            await self._note(tx, "import.finished", after)
        return after

    async def _advance(self, tx: Transaction, before: ImportCursor, after: ImportCursor) -> None:
        if not await import_cursors.move(tx, before, after):
            raise StateConflict("this file is being imported at this moment")

    async def _note(self, tx: Transaction, action: str, cursor: ImportCursor) -> None:
        counts = {"read": cursor.rows_read, "rejected": cursor.rows_rejected, "changed": cursor.keys_changed}
        note = AuditRow(
            at=self._house.clock(),
            actor=self._asker.actor,
            actor_role=self._asker.role,
            action=action,
            subject=f"import:{cursor.kind}",
            details={"digest": cursor.digest, **counts},
        )
        await audit_trail.write(tx, note)


def _line(directory: Directory, number: str | None) -> Line:
    """Return the line by whose dial plan numbers are read: the one named, or any if all read alike."""
    if number is not None:
        named = directory.line(number)
        if named is None:
            raise ConfigRefused("there is no such line", hint="--line takes the number of one of our lines.")
        return named
    plans = {DialPlan.of(line): line for line in directory.lines.values()} or {DialPlan.of(NO_LINE): NO_LINE}
    if len(plans) > 1:
        raise ConfigRefused("our lines read numbers differently", hint="Say with --line whose customers these are.")
    return next(iter(plans.values()))


def _digest(wish: ImportWish) -> str:
    """Return what tells this file, read this way, from every other."""
    reading = wish.reading
    options = [format_of(wish.path), reading.encoding, reading.sheet, sorted(reading.columns.items()), wish.connection, wish.line]
    digest = hashlib.sha256(orjson.dumps(options))
    with wish.path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def _tally(cursor: ImportCursor) -> Tally:
    return Tally(cursor.rows_read, cursor.rows_taken, cursor.rows_rejected, cursor.keys_changed)
