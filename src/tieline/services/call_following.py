"""Writes an interaction as it is told now, and promises, changes and withdraws the cards that follow from it.

All of it in the caller's transaction: a card is promised in the same commit as the event that calls for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tieline.domain.agent_event import AgentEvent
from tieline.domain.call import CallEvent
from tieline.domain.interaction import Closing, Interaction, InteractionState, tell
from tieline.domain.pop_cards import Card, Promise, Step, cards, news_steps, steps
from tieline.domain.pop_order import PopOrder
from tieline.kit.ids import time_ordered_id
from tieline.services.call_desk import CallDesk
from tieline.store import call_writing, pops
from tieline.store.database import Transaction


@dataclass(frozen=True, slots=True)
class Subject:
    """Which interaction is followed. `state` is where it stood before; None: it is new."""

    id: UUID
    provider: str
    state: InteractionState | None
    closing: Closing
    heard_at: datetime


@dataclass(frozen=True, slots=True)
class Followed:
    """The interaction as it is now, the orders to carry out after the commit, and what was not shown because it is old news."""

    story: Interaction
    orders: tuple[PopOrder, ...]
    steps: tuple[Step, ...]
    stale: tuple[Card, ...]


async def follow(tx: Transaction, desk: CallDesk, subject: Subject, events: Sequence[CallEvent], *, now: datetime) -> Followed:
    """Tell the interaction anew from all its `events` and write down what follows. Raises: Overloaded."""
    directory = desk.directory.now
    story = tell(events, directory, closing=subject.closing)
    await call_writing.write(tx, subject.id, story, provider=subject.provider, heard_at=subject.heard_at)
    promises = await pops.promised(tx, subject.id) if subject.state is not None else []

    def is_fresh(card: Card) -> bool:
        limit = desk.policy.ring_age if card.cause == "ring" else desk.policy.answer_age
        return desk.clocks.age(subject.provider, card.since, now=now) <= limit

    changes, stale = steps(cards(story, directory), promises, is_fresh=is_fresh)
    news = news_steps(subject.state, story.state, promises, but_not=changes)
    changes = tuple(sorted((*changes, *news), key=lambda step: step.agent))  # As everybody takes cards: none waits for another.
    orders = [await _carry_out(tx, desk, subject.id, story, step, now=now) for step in changes]
    return Followed(story, tuple(order for order in orders if order.kind != "withdraw"), changes, stale)


async def withdraw(tx: Transaction, desk: CallDesk, promise: Promise, *, reason: str, now: datetime) -> None:
    """Take one card back, and tell the agent's screen if it can have heard of it."""
    seq = await pops.withdraw(tx, promise.pop_id, reason=reason, now=now)
    if seq is not None:
        payload = {"pop_id": promise.pop_id, "reason": reason}
        await desk.announce(AgentEvent(promise.agent, "pop.withdraw", promise.pop_id, seq, payload), tx)


async def _carry_out(
    tx: Transaction, desk: CallDesk, interaction_id: UUID, story: Interaction, step: Step, *, now: datetime
) -> PopOrder:
    pop_id = step.pop_id or time_ordered_id(now)
    if step.kind == "withdraw":
        promise = Promise(pop_id, step.agent, step.mode, "shown")
        await withdraw(tx, desk, promise, reason=step.reason, now=now)
    elif step.pop_id is None:
        new = pops.NewPop(pop_id, interaction_id, story.call_key, step.agent, step.mode, story.direction, step.reason)
        await pops.promise(tx, new, now=now)
    else:
        await pops.promise_again(tx, pop_id, mode=step.mode, reason=step.reason, now=now)
    return PopOrder(step.kind, pop_id, step.agent, story.call_key, step.reason, step.mode)
