"""What widens access is done by two people: one asks, another approves, and the very same, asked again, is done once (S40).

Whoever guards an action says what is asked, as a `Plea`, before its transaction, and uses the `Leave` it gets within it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import orjson

from tieline.domain.errors import NotAllowed, NotFound, RateLimited, SecondPersonRequired, StateConflict
from tieline.kit.ids import time_ordered_id
from tieline.security.permissions import Caller
from tieline.security.roles import SERVICE_ROLE
from tieline.security.second_person import approvable, may_approve
from tieline.services.pop_desk import PopDesk
from tieline.services.session_opening import SESSION_LIFE
from tieline.store import approvals, audit_trail
from tieline.store.approvals import ApprovalRow, Verdict
from tieline.store.database import Transaction
from tieline.store.journal_rows import AuditRow

ASKED_FOR: Final = timedelta(hours=24)
GRANTED_FOR: Final = timedelta(hours=1)
MOST_WAITING: Final = 20
"""What one asker may have waiting: nobody hides one thing among a thousand."""
MOST_LISTED: Final = 200
CONSOLE: Final = "console"
"""The server's own command line: whoever sits there makes everybody's keys, and needs none."""


@dataclass(frozen=True, slots=True)
class Plea:
    """What is asked. `exactly`: all that makes it this request and no other, of which a keyed digest is kept.

    `details`: what whoever decides is told; no customer's data and no secret.
    """

    action: str
    exactly: Mapping[str, Any] = field(repr=False)
    details: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Leave:
    """To do one thing once. `approval` None: it asks for nobody else here."""

    action: str
    by: Caller
    approval: UUID | None = None

    async def use(self, tx: Transaction, *, now: datetime) -> None:
        """Use it up with the transaction of what is done. Raises: StateConflict: somebody was quicker, or the hour is over."""
        if self.approval is None:
            return
        if not await approvals.use(tx, self.approval, now=now):
            raise StateConflict("The approval was used meanwhile, or its time is over.", code="approval_over")
        await audit_trail.write(tx, _note(self.by, "approval.used", self.approval, {"for": self.action}, now=now))


async def require(desk: PopDesk, plea: Plea, *, by: Caller) -> Leave:
    """Return the leave somebody else gave for exactly this; else write down that it is asked.

    Raises: SecondPersonRequired: nobody has decided yet. NotAllowed: it was refused. RateLimited: too much waits already.
    """
    if plea.action not in desk.guarded:
        return Leave(plea.action, by)
    now, digest = desk.now(), _digest(desk, plea, by)
    async with desk.database.begin() as tx:
        await audit_trail.take_turn(tx, f"approvals {by.person}")
        found = await approvals.standing(tx, digest, now=now) or await _ask(tx, plea, digest, by=by, now=now)
    if found.verdict is None:
        raise SecondPersonRequired(approval=found.id)
    if found.verdict == "refused":
        raise NotAllowed("A second person refused it.", code="second_person_refused")
    return Leave(plea.action, by, found.id)


async def waiting(desk: PopDesk, *, by: Caller) -> Sequence[ApprovalRow]:
    """Return what is open for somebody like this, and what they asked themselves, the oldest first."""
    async with desk.database.read() as conn:
        return await approvals.open_for(conn, approvable(by.role), by.person, now=desk.now(), limit=MOST_LISTED)


def may_decide(row: ApprovalRow, *, by: Caller) -> bool:
    """Say whether somebody can be the second person for this."""
    return row.verdict is None and may_approve(by.role, row.action) and by.person not in row.behind


async def decide(desk: PopDesk, approval_id: UUID, verdict: Verdict, *, by: Caller) -> ApprovalRow:
    """Approve or refuse what somebody else asked; approved, it is good for an hour.

    Raises: NotFound: there is none that they may see. NotAllowed: they are not a second person for it.
    StateConflict: it was decided before, or is over.
    """
    if by.role == SERVICE_ROLE:
        raise NotAllowed("A key is nobody: a person decides, signed in.", code="approval_by_key")
    now = desk.now()
    async with desk.database.begin() as tx:
        row = await approvals.find(tx, approval_id)
        if row is None:
            raise NotFound
        await _require_another(tx, row, by=by, now=now)
        until = now + GRANTED_FOR if verdict == "approved" else row.expires_at
        if not await approvals.decide(tx, approval_id, verdict, by=by.person, now=now, until=until):
            raise StateConflict("It was decided before, or its time is over.", code="approval_over")
        told = {"for": row.action, "asked_by": row.asked_by}
        await audit_trail.write(tx, _note(by, f"approval.{verdict}", approval_id, told, now=now))
        return await approvals.find(tx, approval_id) or row


async def _require_another(tx: Transaction, row: ApprovalRow, *, by: Caller, now: datetime) -> None:
    """Raises: NotAllowed: it is their own, or the asker could have signed in as them. NotFound: it is none of theirs."""
    if by.person in row.behind:
        raise NotAllowed("It is your own; somebody else decides.", code="approval_of_own")
    if not may_approve(by.role, row.action):
        raise NotFound
    makers = frozenset(row.behind) - {CONSOLE}
    if by.agent is not None and await approvals.made_a_key_for(tx, makers, by.agent, since=now - SESSION_LIFE):
        raise NotAllowed("Whoever asks made a key in your name; somebody else decides.", code="approval_key_of_asker")


async def _ask(tx: Transaction, plea: Plea, digest: str, *, by: Caller, now: datetime) -> ApprovalRow:
    if await approvals.waiting_of(tx, by.person, now=now) >= MOST_WAITING:
        raise RateLimited("Too much of yours waits for a second person.", retry_after_s=timedelta(hours=1).total_seconds())
    row = ApprovalRow(
        id=UUID(time_ordered_id(now)),
        action=plea.action,
        digest=digest,
        details=plea.details,
        asked_by=by.person,
        behind=sorted({by.person} | await _makers(tx, by)),
        asked_at=now,
        expires_at=now + ASKED_FOR,
    )
    await approvals.ask(tx, row)
    await audit_trail.write(tx, _note(by, "approval.asked", row.id, {"for": plea.action, **plea.details}, now=now))
    return row


async def _makers(tx: Transaction, by: Caller) -> frozenset[str]:
    """Return who made the key somebody asks with, and the key that made it, and so on."""
    found: set[str] = set()
    unread = {by.actor} if by.role == SERVICE_ROLE else set()
    while unread:
        makers = await approvals.makers_of_key(tx, unread.pop()) - found
        found |= makers
        unread |= {maker for maker in makers if maker.startswith("key:")}
    return frozenset(found)


def _digest(desk: PopDesk, plea: Plea, by: Caller) -> str:
    written = orjson.dumps([by.person, plea.exactly], option=orjson.OPT_SORT_KEYS).decode()
    return desk.pseudonyms.of(f"approval {plea.action}", written)


def _note(by: Caller, action: str, approval_id: UUID, details: Mapping[str, Any], *, now: datetime) -> AuditRow:
    subject = f"approval:{approval_id}"
    return AuditRow(at=now, actor=by.actor, actor_role=by.role, action=action, subject=subject, details=details)
