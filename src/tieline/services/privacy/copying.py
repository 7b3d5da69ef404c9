"""A copy of everything we keep of one person, for them: what the systems say now, and every row, by table."""

from typing import Any, Final

from tieline.security.permissions import Caller
from tieline.services.pop_desk import PopDesk
from tieline.services.privacy.erasing import LONGEST_CALL
from tieline.services.privacy.subject import FoundSubject, Wanted, find
from tieline.store import audit_trail, consents, subject_erase, subject_rows
from tieline.store.journal_rows import AuditRow

AUDIT_AT_MOST: Final = 5_000


async def export(desk: PopDesk, wanted: Wanted, *, caller: Caller) -> dict[str, Any]:
    """Return the copy as one document: `subject`, `profiles`, `sources`, `tables`, `seen_by`, `consents`.

    Nothing leaves before it is in the audit. Raises: as `subject.find`. Overloaded: it could not be written down.
    """
    found = await find(desk, wanted)
    subject, now = found.subject, desk.now()
    async with desk.database.begin() as tx:
        sought = await subject_rows.seek(tx, subject, until=now, lost=now - LONGEST_CALL, under_way=True)
        tables = await subject_erase.copy(tx, sought)
        seen_by = await audit_trail.about(tx, _spoken_of_as(desk, found), limit=AUDIT_AT_MOST)
        agreed = await consents.history(tx, _spoken_of_as(desk, found, kind=consents.KIND))
        await audit_trail.write(tx, _note(desk, caller, wanted, found, {table: len(rows) for table, rows in tables.items()}))
    return {
        "made_at": now.isoformat(),
        "subject": {"numbers": subject.keys, "records": subject.names, "shared_numbers": list(subject.shared)},
        "profiles": list(found.profiles),
        "sources": found.sources,
        "tables": tables,
        "seen_by": seen_by,
        "consents": agreed,
    }


def _spoken_of_as(desk: PopDesk, found: FoundSubject, *, kind: str = "phone") -> list[str]:
    """Return how the audit and the ledger name them: by record, and by the stand-in of a number."""
    numbers = [desk.pseudonyms.of(kind, key) for key in found.subject.keys]
    if kind == "phone":
        return [*found.subject.names, *numbers]
    return [*numbers, *(desk.pseudonyms.of(kind, name) for name in found.subject.names)]


def _note(desk: PopDesk, caller: Caller, wanted: Wanted, found: FoundSubject, counts: dict[str, int]) -> AuditRow:
    return AuditRow(
        at=desk.now(),
        actor=caller.actor,
        actor_role=caller.role,
        action="privacy.exported",
        subject=_spoken_of_as(desk, found)[0],
        details={"reason": wanted.reason, "rows": counts},
    )
