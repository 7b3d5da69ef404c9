"""Letting a BI tool in, and out: a role that reads the views of `reporting`, with a password that is told once."""

import secrets

from tieline.security.permissions import Caller
from tieline.services.tickets.desk import TicketDesk
from tieline.store import audit_trail, bi
from tieline.store.journal_rows import AuditRow


async def grant(desk: TicketDesk, name: str, *, by: Caller) -> str:
    """Make the role, or give it a new password; return the password, and note who did so. Raises: ConfigRefused: as the store."""
    password = secrets.token_urlsafe(24)
    async with desk.database.begin() as tx:
        await bi.grant(tx, name, password)
        await audit_trail.write(tx, _note(desk, "bi.granted", name, by))
    return password


async def revoke(desk: TicketDesk, name: str, *, by: Caller) -> None:
    """Take the role away, and note who did so. Raises: ConfigRefused: there is none of this name that `grant` made."""
    async with desk.database.begin() as tx:
        await bi.revoke(tx, name)
        await audit_trail.write(tx, _note(desk, "bi.revoked", name, by))


def _note(desk: TicketDesk, action: str, role: str, by: Caller) -> AuditRow:
    return AuditRow(at=desk.clock(), actor=by.actor, actor_role=by.role, action=action, details={"role": role})
