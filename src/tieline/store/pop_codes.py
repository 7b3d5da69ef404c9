"""One-time codes that open a pop page. Only digests are kept; a code is used up by the statement that finds it."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final

from sqlalchemy import delete, insert, text
from sqlalchemy.ext.asyncio import AsyncConnection

from tieline.domain.errors import Gone, NotFound
from tieline.store.tables_calls import pop_codes

_REDEEM: Final = text("""
    WITH used AS (
        UPDATE pop_codes SET used_at = :now
        WHERE code_sha256 = :digest AND pop_id = :pop_id AND used_at IS NULL AND expires_at > :now
          AND (agent IS NULL OR CAST(:agent AS text) IS NULL OR agent = :agent)
        RETURNING agent
    )
    SELECT 'used' AS how, agent FROM used
    UNION ALL
    SELECT 'known', agent FROM pop_codes WHERE code_sha256 = :digest AND pop_id = :pop_id
    ORDER BY how DESC LIMIT 1
""")
"""The second half sees the table as it was before the first: there it only tells why the first found nothing."""


@dataclass(frozen=True, slots=True)
class NewCode:
    """A code to be kept. `agent` None: whoever has it may open the page (the softphone named nobody)."""

    code: str
    pop_id: str
    agent: str | None
    expires_at: datetime


async def add(tx: AsyncConnection, new: NewCode) -> None:
    """Keep a code's digest."""
    values = {"code_sha256": digest(new.code), "pop_id": new.pop_id, "agent": new.agent, "expires_at": new.expires_at}
    await tx.execute(insert(pop_codes).values(values))


async def redeem(tx: AsyncConnection, code: str, *, pop_id: str, agent: str | None, now: datetime) -> str | None:
    """Use a code up, for exactly one of however many ask at once. Returns the agent it was made for.

    Args: agent: who is signed in, or None.
    Raises: NotFound: no such code, or it is another agent's. Gone: used or expired.
    """
    row = (await tx.execute(_REDEEM, {"digest": digest(code), "pop_id": pop_id, "agent": agent, "now": now})).one_or_none()
    if row is None or (agent is not None and row.agent is not None and row.agent != agent):
        raise NotFound
    if row.how != "used":
        raise Gone("This link was used before or has expired.", code="pop_code_gone")
    found: str | None = row.agent
    return found


async def forget(tx: AsyncConnection, *, expired_before: datetime) -> int:
    """Delete codes expired for so long that nobody asks any more why, and return how many."""
    return (await tx.execute(delete(pop_codes).where(pop_codes.c.expires_at < expired_before))).rowcount


def digest(code: str) -> bytes:
    """Return what is kept of a code."""
    return sha256(code.encode()).digest()
