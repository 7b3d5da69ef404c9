"""Write down what people agree to and take back; the newest word on a purpose holds, from its commit on."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tieline.domain.consent import Channel, Purpose
from tieline.domain.errors import RequestRefused
from tieline.domain.phone_normalise import normalise
from tieline.security.permissions import Caller
from tieline.security.pseudonym import Pseudonyms
from tieline.services.pop_desk import PopDesk
from tieline.services.privacy.subject import Wanted
from tieline.store import audit_trail, consents
from tieline.store.consents import Consent
from tieline.store.database import Transaction
from tieline.store.journal_rows import AuditRow


@dataclass(frozen=True, slots=True)
class Word:
    """One word: yes or no to a purpose, by the version of a text. `at` None: now."""

    purpose: Purpose
    given: bool
    version: str
    channel: Channel
    evidence: str | None = None
    at: datetime | None = None


async def record(desk: PopDesk, wanted: Wanted, word: Word, *, caller: Caller) -> None:
    """Add a word to the ledger. Raises: RequestRefused: no number, no record, or a moment that is still to come."""
    now = desk.now()
    if word.at is not None and word.at > now:
        raise RequestRefused("Nobody has agreed in the future.", code="at_in_future")
    subject = _spoken_of_as(desk, wanted)
    consent = Consent(
        subject=subject,
        purpose=word.purpose,
        given=word.given,
        version=word.version,
        channel=word.channel,
        at=word.at or now,
        recorded_at=now,
        recorded_by=caller.actor,
        evidence=word.evidence,
    )
    async with desk.database.begin() as tx:
        await consents.add(tx, consent)
        await audit_trail.write(tx, _note(desk, caller, "consent.recorded", subject, purpose=word.purpose, given=word.given))


async def state(desk: PopDesk, wanted: Wanted, *, caller: Caller) -> dict[str, Any]:
    """Return what `holds` now, by purpose, and the `history`, after noting who asked."""
    subject = _spoken_of_as(desk, wanted)
    async with desk.database.begin() as tx:
        said = await consents.history(tx, [subject])
        await audit_trail.write(tx, _note(desk, caller, "consent.read", subject))
    return {"holds": {one["purpose"]: one["given"] for one in said}, "history": said}


async def permits(
    tx: Transaction, pseudonyms: Pseudonyms, purpose: Purpose, *, number: str | None = None, ref: str | None = None
) -> bool | None:
    """Say whether somebody agreed to a purpose; None: they were never asked. For whoever is about to do it."""
    subjects = [pseudonyms.of(consents.KIND, text) for text in (number, ref) if text]
    return await consents.holds(tx, subjects, purpose)


def _spoken_of_as(desk: PopDesk, wanted: Wanted) -> str:
    if wanted.ref is not None:
        return desk.pseudonyms.of(consents.KIND, wanted.ref)
    number = normalise(wanted.phone or "", line=desk.directory.now.line_of(None))
    if number.key is None:
        raise RequestRefused("A hidden or internal number names no customer.", code="phone_invalid")
    return desk.pseudonyms.of(consents.KIND, number.key)


def _note(desk: PopDesk, caller: Caller, action: str, subject: str, **details: Any) -> AuditRow:  # noqa: ANN401 - JSON
    return AuditRow(at=desk.now(), actor=caller.actor, actor_role=caller.role, action=action, subject=subject, details=details)
