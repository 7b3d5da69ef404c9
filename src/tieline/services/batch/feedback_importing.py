"""Importing what customers said before: kept, understood, counted in the figures of its day, and not acted upon.

Old complaints open no tickets and are told to nobody. Each row has the id it has in its own system, so the same file again,
or one that was stopped, adds only what is not there yet.
"""

import asyncio
import itertools
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from tieline.domain.errors import ConfigRefused
from tieline.domain.feedback import Feedback
from tieline.security.permissions import Caller
from tieline.services.batch.feedback_rows import FeedbackRows
from tieline.services.batch.formats import open_sheet
from tieline.services.batch.importing import ImportWish, Tally, Told
from tieline.services.batch.phone_rows import Reject
from tieline.services.batch.rejects import RejectsFile
from tieline.services.batch.sheet import Sheet
from tieline.services.directory import NO_LINE
from tieline.services.house import House
from tieline.services.understanding.suggesting import by_rules
from tieline.store import audit_trail, configuration, feedback
from tieline.store.journal_rows import AuditRow

SLICE_ROWS: Final = 500
Read = Feedback | Reject


async def import_feedback(house: House, wish: ImportWish, *, asker: Caller, told: Told) -> Tally:
    """Import a file to its end. Raises: ConfigRefused: no such connection, or it cannot be read; what was read stays."""
    origin = await _origin(house, wish)
    rejects = RejectsFile(wish.rejects)
    rejects.require_ours()
    sheet = await asyncio.to_thread(open_sheet, wish.path, wish.reading)
    try:
        line = house.directory.now.line_of(wish.line) if wish.line else NO_LINE
        rows = FeedbackRows(sheet, wish.reading.columns, origin=origin, line=line, now=house.clock())
        tally, end = Tally(), 0
        lots = _lots(sheet, rows)
        while lot := await asyncio.to_thread(next, lots, None):
            refused = [one for one in lot if isinstance(one, Reject)]
            sound = [one for one in lot if isinstance(one, Feedback)]
            added = 0 if wish.dry_run else await _keep(house, sound)
            end = await asyncio.to_thread(rejects.write, refused, at=end)
            position, whole = sheet.position()
            tally = replace(
                tally,
                read=tally.read + len(lot),
                taken=tally.taken + len(sound),
                rejected=tally.rejected + len(refused),
                changed=tally.changed + added,
                position=position,
                whole=whole,
            )
            told(tally)
    finally:
        sheet.close()
    if not wish.dry_run:
        await _note(house, origin, tally, asker=asker)
    return tally


async def _origin(house: House, wish: ImportWish) -> str:
    async with house.database.read() as conn:
        known = (await configuration.read(conn)).connections
    if wish.connection is None or wish.connection not in known:
        raise ConfigRefused("there is no connection of the name given with --connection")
    return wish.connection


def _lots(sheet: Sheet, rows: FeedbackRows) -> Iterator[list[Read]]:
    every = sheet.rows()
    while lot := list(itertools.islice(every, SLICE_ROWS)):
        yield [rows.read(row) for row in lot]


async def _keep(house: House, said: list[Feedback]) -> int:
    """Keep what is not there yet, in one transaction, and return how many that were."""
    directory, added = house.directory.now, 0
    async with house.database.begin() as tx:
        for one in said:
            known = await feedback.lock_told(tx, one.origin or "", one.external_id or "")
            if known is not None:
                continue
            agent = one.agent if one.agent in directory.agents else None
            await feedback.add(tx, one.model_copy(update={"agent": agent}))
            await feedback.note_understood(tx, one.id, by_rules(directory, one.text))
            if one.customer_ref is not None:
                await feedback.note_known(tx, one.id)
            added += 1
    return added


async def _note(house: House, connection: str, tally: Tally, *, asker: Caller) -> None:
    counts = {"read": tally.read, "rejected": tally.rejected, "changed": tally.changed}
    row = AuditRow(
        at=house.clock(),
        actor=asker.actor,
        actor_role=asker.role,
        action="import.finished",
        subject="import:feedback",
        details={"connection": connection, **counts},
    )
    async with house.database.begin() as tx:
        await audit_trail.write(tx, row)
