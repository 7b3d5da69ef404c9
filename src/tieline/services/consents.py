"""What customers agree to and take back: a ledger that is only ever added to. What is done with it is up to whoever asks it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tieline.domain.errors import RequestRefused
from tieline.domain.survey_guards import ConsentState
from tieline.security.permissions import Caller
from tieline.store import audit_trail, consents
from tieline.store.consents import Consent
from tieline.store.database import Database
from tieline.store.journal_rows import AuditRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """What a customer said, known by their reference, their number or both."""

    purpose: str
    state: ConsentState
    customer_ref: str | None = None
    phone: str | None = None
    source: str | None = None


async def record(database: Database, word: Word, *, by: Caller, now: datetime) -> list[dict[str, Any]]:
    """Write down what somebody said, under each key they are known by. Raises: RequestRefused: nobody is named."""
    keys = [key for key in (word.phone, word.customer_ref) if key is not None]
    if not keys:
        raise RequestRefused("Name the customer or their number.", code="customer_required")
    lines = [Consent(key, word.purpose, word.state, word.source or by.actor, now) for key in keys]
    async with database.begin() as tx:
        await consents.add(tx, lines)
        await audit_trail.write(tx, _note(by, now, f"consent.{word.state}", purpose=word.purpose))
    return [document_of(line) for line in lines]


async def of_key(database: Database, key: str, *, limit: int, by: Caller, now: datetime) -> Sequence[dict[str, Any]]:
    """Return what was said under one key, the last first; the first of each purpose holds."""
    async with database.begin() as tx:
        await audit_trail.write(tx, _note(by, now, "consents.read", limit=limit))
        return [document_of(line) for line in await consents.of_key(tx, key, limit=limit)]


def document_of(line: Consent) -> dict[str, Any]:
    """Return a line as a document; a number is told apart from a reference, because it is masked."""
    is_number = line.customer_key.startswith("+")
    return {
        "customer": None if is_number else line.customer_key,
        "phone": line.customer_key if is_number else None,
        "purpose": line.purpose,
        "state": line.state,
        "source": line.source,
        "at": line.at.isoformat(),
    }


def _note(by: Caller, now: datetime, did: str, **details: Any) -> AuditRow:  # noqa: ANN401 - JSON
    return AuditRow(at=now, actor=by.actor, actor_role=by.role, action=did, details=details)
