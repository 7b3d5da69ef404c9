"""An agent leaves an unknown caller to a reviewer, and says what they make of the call. Deciding is the reviewer's."""

from datetime import datetime
from typing import Final
from uuid import UUID

from tieline.domain.call_age import CallPolicy
from tieline.domain.errors import StateConflict
from tieline.domain.working_days import next_working_day
from tieline.kit.ids import time_ordered_id
from tieline.security.permissions import Caller
from tieline.services.agent_pops import Verdict
from tieline.services.unknown_callers import KINDS
from tieline.store import audit_trail, reviews
from tieline.store.database import Transaction
from tieline.store.journal import AuditRow
from tieline.store.pops import KeptPop
from tieline.store.reviews import Question

EXPIRES_AFTER: Final = CallPolicy().review_expires_after


async def ask(tx: Transaction, pop: KeptPop, verdict: Verdict, *, by: Caller, now: datetime) -> None:
    """Add the agent's word to the number's one open question. Raises: StateConflict: there is nothing to ask about."""
    number = (pop.trace.get("number") or {}).get("e164")
    kind = KINDS.get(pop.match_state or "")
    if number is None or kind is None or pop.chosen_ref is not None:
        raise StateConflict("There is no unknown number to review.", code="nothing_to_review")
    question = Question(
        id=UUID(time_ordered_id(now)),
        kind=kind,
        subject_key=number,
        at=now,
        expires_at=now + EXPIRES_AFTER,
        due_at=next_working_day(now),
        call_id=pop.call_id,
        suggestions=({"verdict": verdict, "by": by.actor},),
    )
    item_id, _ = await reviews.open_or_merge(tx, question)
    await audit_trail.write(tx, _entry(pop, verdict, f"review:{item_id}", by=by, at=now))


def _entry(pop: KeptPop, verdict: Verdict, subject: str, *, by: Caller, at: datetime) -> AuditRow:
    return AuditRow(
        at=at,
        actor=by.actor,
        actor_role=by.role,
        action="pop.left_for_review",
        subject=subject,
        call_id=pop.call_id,
        pop_id=pop.id,
        details={"verdict": verdict},
    )
