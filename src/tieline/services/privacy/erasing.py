"""Erase one person everywhere we keep anything of them, and keep them from coming back. See docs/adr/0050-erasing-a-person.md.

First the marks: from that commit on nobody is told of them. Then the rows. What was under way at that moment is swept up a
minute later, and a call that was being spoken when it is long over.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import orjson

from tieline.domain.data_subject import DataSubject, marks_of
from tieline.domain.errors import NotFound, StateConflict
from tieline.domain.phone import PhoneNumber
from tieline.domain.references import ExternalRef
from tieline.kit.ids import time_ordered_id
from tieline.security.permissions import Caller
from tieline.security.secret_box import SecretBox
from tieline.services.pop_desk import PopDesk
from tieline.services.privacy.marked import KIND
from tieline.services.privacy.subject import FoundSubject, Wanted, find
from tieline.store import audit_trail, erasures, pops, stale_answers, subject_erase, subject_rows
from tieline.store.database import Transaction
from tieline.store.erasures import KeptErasure
from tieline.store.journal_rows import AuditRow
from tieline.store.stale_answers import StaleAnswer

PASSES: Final[Sequence[timedelta]] = (timedelta(minutes=1), timedelta(hours=6))
"""When it is looked again after the first pass: for answers that were under way, and for calls that were."""
UNDER_WAY: Final = timedelta(minutes=1)
LONGEST_CALL: Final = timedelta(hours=5)


@dataclass(frozen=True, slots=True)
class Erasure:
    """What became of it. `recipients`: the records in other systems, who must be told; we do not delete there.

    Source: PIPL art. 47, GDPR art. 19.
    """

    id: UUID | None
    counts: dict[str, int]
    recipients: tuple[str, ...]
    shared_numbers: int
    sources: dict[str, dict[str, Any]]


async def erase(desk: PopDesk, box: SecretBox, wanted: Wanted, *, caller: Caller, dry_run: bool = False) -> Erasure:
    """Erase one person. Raises: as `subject.find`. Overloaded: it could not be written down, and nothing was erased."""
    found = await find(desk, wanted)
    if dry_run:
        async with desk.database.begin() as tx:
            sought = await _seek(tx, found.subject, at=desk.now(), under_way=True)
            counts = await subject_erase.count(tx, sought)
        return _told(None, counts, found)
    erasure_id, counts = await erase_subject(desk, box, found.subject, wanted.reason, caller=caller)
    return _told(erasure_id, counts, found)


async def erase_subject(
    desk: PopDesk, box: SecretBox, subject: DataSubject, reason: str, *, caller: Caller, marks: Sequence[str] = ()
) -> tuple[UUID, dict[str, int]]:
    """Erase what is known to be one person's, or several people's. `marks`: further ones to keep from coming back."""
    at = desk.now()
    erasure_id = UUID(time_ordered_id(at))
    begun = KeptErasure(erasure_id, at, seal_subject(box, erasure_id, subject), 0)
    await _mark(desk, begun, subject, reason, caller=caller, marks=marks)
    # It takes rows of every table, while calls go on that take some of them in an order of their own.
    counts = await desk.database.transact(lambda tx: _pass(tx, desk, begun, subject, next_pass_at=at + PASSES[0]))
    return erasure_id, counts


async def sweep(desk: PopDesk, box: SecretBox, *, now: datetime) -> int:
    """Make the passes that are due, and return how many rows they found."""
    swept = 0
    async with desk.database.begin() as tx:
        for erasure in await erasures.due(tx, now=now):
            later = PASSES[erasure.passes] if erasure.passes < len(PASSES) else None
            subject = open_subject(box, erasure)
            counts = await _pass(tx, desk, erasure, subject, next_pass_at=erasure.at + later if later is not None else None)
            swept += sum(counts.values())
    return swept


async def lift(desk: PopDesk, erasure_id: UUID, reason: str, *, caller: Caller) -> None:
    """Let a person come back as somebody new. Raises: NotFound. What was erased stays erased."""
    async with desk.database.begin() as tx:
        if not await erasures.lift(tx, erasure_id, now=desk.now()):
            raise NotFound
        await audit_trail.write(tx, _note(desk, caller, "privacy.erasure_lifted", erasure_id, {"reason": reason}))


async def _mark(
    desk: PopDesk, begun: KeptErasure, subject: DataSubject, reason: str, *, caller: Caller, marks: Sequence[str]
) -> None:
    async with desk.database.begin() as tx:
        sought = await _seek(tx, subject, at=begun.at, under_way=True)
        others = await subject_rows.elsewhere(tx, sought)
        await erasures.begin(tx, begun, by=caller.actor, reason=reason, next_pass_at=begun.at + PASSES[0])
        own = (desk.pseudonyms.of(KIND, mark) for mark in marks_of(subject, others))
        await erasures.mark(tx, begun.id, (*own, *marks))
        details = {"reason": reason, "records": len(subject.refs), "numbers": len(subject.numbers)}
        await audit_trail.write(tx, _note(desk, caller, "privacy.erased", begun.id, details))


async def _pass(
    tx: Transaction, desk: PopDesk, erasure: KeptErasure, subject: DataSubject, *, next_pass_at: datetime | None
) -> dict[str, int]:
    await erasures.hold(tx, erasure.id)
    sought = await _seek(tx, subject, at=erasure.at)
    counts = await subject_erase.erase(tx, sought)
    await _show_anew(tx, desk, subject)
    await erasures.advance(tx, erasure.id, counts, next_pass_at=next_pass_at)
    return counts


async def _seek(tx: Transaction, subject: DataSubject, *, at: datetime, under_way: bool = False) -> subject_rows.Sought:
    return await subject_rows.seek(tx, subject, until=at + UNDER_WAY, lost=at - LONGEST_CALL, under_way=under_way)


async def _show_anew(tx: Transaction, desk: PopDesk, subject: DataSubject) -> None:
    """Promise the cards of calls under way once more: they come back without the person."""
    now = desk.now()
    shown = await stale_answers.on_screens_of(tx, numbers=subject.keys, refs=subject.names, since=now - LONGEST_CALL)
    cards = await pops.promise_anew(tx, shown, reason="erased", now=now) if shown else ()
    if cards:
        await stale_answers.announce(tx, StaleAnswer("", "", "", tuple(cards)))


def _told(erasure_id: UUID | None, counts: dict[str, int], found: FoundSubject) -> Erasure:
    return Erasure(erasure_id, counts, tuple(found.subject.names), len(found.subject.shared), found.sources)


def seal_subject(box: SecretBox, erasure_id: UUID, subject: DataSubject) -> bytes:
    """Return whom it is about as it is kept between the passes."""
    written = {
        "numbers": [number.model_dump() for number in subject.numbers],
        "refs": [[ref.connection, ref.kind, ref.id] for ref in subject.refs],
    }
    return box.seal(orjson.dumps(written).decode(), connection=f"erasure:{erasure_id}", field="subject")


def open_subject(box: SecretBox, erasure: KeptErasure) -> DataSubject:
    """Read whom it is about. Raises: StateConflict: that is forgotten. ConfigRefused: the key is gone."""
    if not erasure.subject:
        raise StateConflict
    written = orjson.loads(box.unseal(erasure.subject, connection=f"erasure:{erasure.id}", field="subject"))
    refs = (ExternalRef(connection=connection, kind=kind, id=record_id) for connection, kind, record_id in written["refs"])
    return DataSubject(tuple(PhoneNumber(**number) for number in written["numbers"]), tuple(refs))


def _note(desk: PopDesk, caller: Caller, action: str, erasure_id: UUID, details: dict[str, Any]) -> AuditRow:
    subject = f"erasure:{erasure_id}"
    return AuditRow(at=desk.now(), actor=caller.actor, actor_role=caller.role, action=action, subject=subject, details=details)
