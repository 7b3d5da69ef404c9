"""Reading who asked for whose data; the reading is written down as well."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from tieline.security.permissions import Caller
from tieline.store import audit_trail
from tieline.store.audit_trail import AuditEntry, AuditFilter
from tieline.store.database import Database
from tieline.store.journal_rows import AuditRow


async def read(
    database: Database, wanted: AuditFilter, *, before: int | None, limit: int, asker: Caller, now: datetime
) -> Sequence[AuditEntry]:
    """Return entries, newest first, from just past `before` (a seq), after noting who reads them."""
    narrowed = sorted(name for name, value in asdict(wanted).items() if value is not None)
    note = AuditRow(
        at=now, actor=asker.actor, actor_role=asker.role, action="audit.read", details={"narrowed_by": narrowed, "limit": limit}
    )
    async with database.begin() as tx:
        entries = await audit_trail.page(tx, wanted, before=before, limit=limit)
        await audit_trail.write(tx, note)
    return entries
