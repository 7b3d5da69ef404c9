"""A caller no system knows becomes a question for a reviewer, one per number; nothing is ever written to a CRM for it."""

from datetime import datetime
from typing import Final
from uuid import UUID

from tieline.domain.interaction import Interaction
from tieline.domain.working_days import next_working_day
from tieline.kit.ids import time_ordered_id
from tieline.services.call_desk import CallDesk
from tieline.store import number_marks, pops, reviews
from tieline.store.calls import KeptCall
from tieline.store.database import Transaction
from tieline.store.pops import KeptPop
from tieline.store.reviews import Question

KINDS: Final = {"none": "unknown_caller", "maybe": "unchosen_caller"}
"""What was found on the card, and the question it leaves if the agent decided nothing until wrap-up."""


async def ask(tx: Transaction, desk: CallDesk, call: KeptCall, story: Interaction, *, now: datetime) -> bool:
    """Ask who called, if somebody talked with them and nobody said who it was. Says whether it was asked.

    Further calls from the number add to the same question. Withheld and internal callers, numbers marked as spam and calls
    nobody took leave none.
    """
    phone = story.customer
    if phone is None or phone.key is None or story.internal or story.outcome != "served" or call.customer_ref is not None:
        return False
    kind = _kind(await pops.of_call(tx, call_id=call.call_key, interaction_id=call.id))
    if kind is None or await _is_spam(tx, phone.key):
        return False
    await reviews.open_or_merge(
        tx,
        Question(
            id=UUID(time_ordered_id(now)),
            kind=kind,
            subject_key=phone.key,
            at=story.started_at,
            expires_at=now + desk.policy.review_expires_after,
            due_at=next_working_day(now),
            call_id=story.call_key,
        ),
    )
    return True


def _kind(cards: list[KeptPop]) -> str | None:
    """Return which question the cards of the call leave open; None: somebody was known or chosen, or nobody looked."""
    found = [card.match_state for card in cards if card.match_state is not None]
    if any(card.chosen_ref is not None for card in cards) or not found:
        return None
    return KINDS.get(found[-1])


async def _is_spam(tx: Transaction, number: str) -> bool:
    mark = await number_marks.find(tx, number)
    return mark is not None and mark.mark == "spam"
