"""An unknown caller on a card: an agent leaves them to a reviewer with a word of theirs; who may review says who it is."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from tieline.domain.call_age import CallPolicy
from tieline.domain.errors import StateConflict
from tieline.domain.references import ExternalRef
from tieline.domain.working_days import next_working_day
from tieline.kit.ids import time_ordered_id
from tieline.security.permissions import Caller
from tieline.services.agent_pops import Verdict
from tieline.services.reviews import give_number
from tieline.services.unknown_callers import KINDS
from tieline.store import audit_trail, reviews
from tieline.store.database import Transaction
from tieline.store.journal import AuditRow
from tieline.store.pops import KeptPop
from tieline.store.reviews import Question

EXPIRES_AFTER: Final = CallPolicy().review_expires_after


async def ask(tx: Transaction, pop: KeptPop, verdict: Verdict, *, by: Caller, now: datetime) -> None:
    """Add the agent's word to the number's one open question. Raises: StateConflict: there is nothing to ask about."""
    question = _question(pop, now=now, suggestions=({"verdict": verdict, "by": by.actor},))
    item_id, _ = await reviews.open_or_merge(tx, question)
    await audit_trail.write(tx, _entry(pop, verdict, f"review:{item_id}", by=by, at=now))


async def link(tx: Transaction, pop: KeptPop, ref: ExternalRef, *, by: Caller, now: datetime) -> None:
    """Put the number's question and decide it, to be taken back like any other decision; its calls have been given before.

    Raises: StateConflict: there is nothing to ask about.
    """
    item_id, _ = await reviews.open_or_merge(tx, _question(pop, now=now, suggestions=()))
    await give_number(tx, item_id, ref, by=by, now=now)


def number_in(pop: KeptPop) -> str | None:
    """Return the number of a card's caller."""
    number: str | None = (pop.trace.get("number") or {}).get("e164")
    return number


def _question(pop: KeptPop, *, now: datetime, suggestions: tuple[Mapping[str, Any], ...]) -> Question:
    """Return what a card asks a reviewer. Raises: StateConflict: nothing."""
    number, kind = number_in(pop), KINDS.get(pop.match_state or "")
    if number is None or kind is None or pop.chosen_ref is not None:
        raise StateConflict("There is no unknown number to review.", code="nothing_to_review")
    return Question(
        id=UUID(time_ordered_id(now)),
        kind=kind,
        subject_key=number,
        at=now,
        expires_at=now + EXPIRES_AFTER,
        due_at=next_working_day(now),
        call_id=pop.call_id,
        suggestions=suggestions,
    )


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
