"""Reading whom we asked: documents, unmasked, of what the asker may see. Who reads is in the audit."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from tieline.domain.survey import Survey
from tieline.security.permissions import Caller
from tieline.services.surveys.desk import SurveyDesk
from tieline.store import audit_trail, call_records, surveys
from tieline.store.journal_rows import AuditRow
from tieline.store.surveys import SurveyFilter

_HIDDEN: Final = {"token_hash", "subject", "interaction_id", "line"}


async def page(
    desk: SurveyDesk, wanted: SurveyFilter, *, after: tuple[datetime, UUID] | None, limit: int, by: Caller
) -> Sequence[dict[str, Any]]:
    """Return surveys, the last proposed first. A person who may not see others' work sees those about their own."""
    narrowed = sorted(name for name, value in asdict(wanted).items() if value is not None)
    own = by.agent if by.agent is not None and not by.may("agents.any") else None
    if own is not None and wanted.agent not in {None, own}:
        return ()
    async with desk.tickets.database.begin() as tx:
        if wanted.call_id is not None:
            call = await call_records.find(tx, wanted.call_id)
            wanted = replace(wanted, call_id=None, interaction_id=call.id) if call is not None else wanted
        found = await surveys.page(tx, replace(wanted, agent=own) if own else wanted, after=after, limit=limit)
        details = {"narrowed_by": narrowed, "limit": limit}
        row = AuditRow(at=desk.tickets.clock(), actor=by.actor, actor_role=by.role, action="surveys.read", details=details)
        await audit_trail.write(tx, row)
    return [_document(one) for one in found]


def _document(one: Survey) -> dict[str, Any]:
    return one.model_dump(mode="json", exclude=_HIDDEN)
