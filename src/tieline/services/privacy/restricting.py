"""Keep somebody's data and do nothing else with it: begun and lifted by an officer. PIPL art. 47, GDPR art. 18."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tieline.domain.data_subject import marks_of
from tieline.domain.errors import NotFound
from tieline.kit.ids import time_ordered_id
from tieline.security.permissions import Caller
from tieline.services.pop_desk import PopDesk
from tieline.services.privacy.marked import KIND
from tieline.services.privacy.subject import Wanted, find
from tieline.store import audit_trail, restrictions
from tieline.store.journal_rows import AuditRow


@dataclass(frozen=True, slots=True)
class Restriction:
    """What became of it. `shared_numbers`: numbers somebody else carries too, which stay as they are."""

    id: UUID
    records: tuple[str, ...]
    numbers: int
    shared_numbers: int
    sources: dict[str, dict[str, Any]]


async def restrict(desk: PopDesk, wanted: Wanted, *, caller: Caller) -> Restriction:
    """Restrict one person. From the commit on, no system is asked about them and nothing of them is shown.

    Raises: as `subject.find`. Overloaded: it could not be written down, and nothing changed.
    """
    found = await find(desk, wanted)
    subject = found.subject
    tokens = [desk.pseudonyms.of(KIND, mark) for mark in marks_of(subject)]
    restriction_id = await restrict_again(desk, tokens, wanted.reason, caller=caller)
    return Restriction(restriction_id, tuple(subject.names), len(subject.keys), len(subject.shared), found.sources)


async def restrict_again(desk: PopDesk, tokens: Sequence[str], reason: str, *, caller: Caller) -> UUID:
    """Restrict whoever these stand for. Raises: Overloaded: it could not be written down, and nothing changed."""
    now = desk.now()
    begun = restrictions.NewRestriction(UUID(time_ordered_id(now)), now, caller.actor, reason)
    async with desk.database.begin() as tx:
        await restrictions.begin(tx, begun, tokens)
        details = {"reason": reason, "marks": len(tokens)}
        await audit_trail.write(tx, _note(desk, caller, "privacy.restricted", begun.id, details))
    return begun.id


async def lift(desk: PopDesk, restriction_id: UUID, reason: str, *, caller: Caller) -> None:
    """End a restriction. Raises: NotFound: there is none, or it was lifted."""
    async with desk.database.begin() as tx:
        if not await restrictions.lift(tx, restriction_id, now=desk.now()):
            raise NotFound
        await audit_trail.write(tx, _note(desk, caller, "privacy.restriction_lifted", restriction_id, {"reason": reason}))


async def newest(desk: PopDesk, *, limit: int) -> list[dict[str, Any]]:
    """Return restrictions, the newest first; whom they are about is not kept in words."""
    async with desk.database.read() as conn:
        return await restrictions.newest(conn, limit=limit)


def _note(desk: PopDesk, caller: Caller, action: str, restriction_id: UUID, details: dict[str, Any]) -> AuditRow:
    subject = f"restriction:{restriction_id}"
    return AuditRow(at=desk.now(), actor=caller.actor, actor_role=caller.role, action=action, subject=subject, details=details)
