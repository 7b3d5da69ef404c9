"""What a call leaves for a person to decide or to know: an extension nobody sits at, agents who all missed it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from tieline.domain.call import CallEvent
from tieline.domain.call_leg import Leg
from tieline.domain.call_parties import staff_of
from tieline.domain.interaction import Interaction
from tieline.domain.working_days import next_working_day
from tieline.kit.ids import time_ordered_id
from tieline.services.call_desk import CallDesk
from tieline.store import reviews
from tieline.store.database import Transaction
from tieline.store.reviews import Question

MISSED_IN_A_ROW: Final = 3


async def ask_about_extension(tx: Transaction, desk: CallDesk, event: CallEvent, *, provider: str, now: datetime) -> None:
    """Tell the administrator of an extension that rings and belongs to nobody: its calls bring no card to anyone."""
    staff = staff_of(event, desk.directory.now)
    if staff is None or staff.agent is not None or staff.extension is None:
        return
    await reviews.open_or_merge(
        tx,
        Question(
            id=UUID(time_ordered_id(now)),
            kind="unmapped_extension",
            subject_key=f"{provider}:{staff.extension}",
            at=now,
            expires_at=now + desk.policy.review_expires_after,
            due_at=next_working_day(now),
            call_id=event.call_id,
            suggestions=({"extension": staff.extension, "provider": provider},),
        ),
    )


async def report_missed_in_a_row(tx: Transaction, desk: CallDesk, story: Interaction, *, provider: str, now: datetime) -> None:
    """Raise a staffing alert, one per queue, when a call was missed on three agents in a row."""
    missed = _longest_run(story.people)
    if missed < MISSED_IN_A_ROW:
        return
    await reviews.open_or_merge(
        tx,
        Question(
            id=UUID(time_ordered_id(now)),
            kind="staffing",
            subject_key=f"{provider}:{story.queue or story.line or ''}",
            at=now,
            expires_at=now + desk.policy.review_expires_after,
            call_id=story.call_key,
            suggestions=({"agents_in_a_row": missed},),
        ),
    )


def _longest_run(legs: Sequence[Leg]) -> int:
    """Return how many different agents missed the call without one of them taking it in between."""
    longest, run = 0, set[str]()
    for leg in legs:
        if leg.outcome == "served":
            run.clear()
        elif leg.outcome == "missed_agent" and leg.agent is not None:
            run.add(leg.agent)
        longest = max(longest, len(run))
    return longest
