"""Concludes what the events left unsaid about legs: who lost a race, when a wait was over, what each leg came to."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from tieline.domain.call_leg import Leg, LegKind, LegOutcome
from tieline.domain.call_leg_book import LegBook

SAME_MOMENT: Final = timedelta(seconds=1)
"""Exchanges stop the losers of a ring group, and hang up on two who talk, a little apart."""
NOT_A_TALK: Final[frozenset[LegOutcome]] = frozenset({"voicemail", "failed"})
"""An exchange says so of a leg that was picked up, but by no person."""


def conclude(book: LegBook) -> tuple[Leg, ...]:
    """Return the legs as they stand after everything told, in the order they began."""
    ends = told_ends(book)
    legs = [leg for leg in _claimed(book) if not _came_to_nothing(leg, ends.get(leg.call_id))]
    legs = [_closed_with_call(leg, ends.get(leg.call_id)) for leg in legs]
    legs = [_closed_by_race(leg, legs) for leg in legs]
    legs = [_closed_by_answer(leg, legs) for leg in legs]
    legs = [replace(leg, kind=_kind(leg, legs)) for leg in legs]
    legs = [replace(leg, handed_over=leg.handed_over or _went_on_without(leg, legs)) for leg in legs]
    return tuple(sorted((replace(leg, outcome=_outcome(leg, legs)) for leg in legs), key=_order))


def told_ends(book: LegBook) -> dict[str, datetime]:
    """Return when each call was told to be over; the first word counts, hang-ups are often told twice."""
    talking = {leg.call_id for leg in book.legs.values() if leg.is_person and leg.talks}
    told = [*book.endings, *(event for event in book.loose_ends if event.call_id not in talking)]
    ends: dict[str, datetime] = {}
    for event in sorted(told, key=lambda event: event.at):
        ends.setdefault(event.call_id, event.at)
    return ends


def unclaimed_answers(book: LegBook) -> bool:
    """Say whether something that is no person took the call: a queue, an IVR, voicemail."""
    return any(_claimant(event.call_id, event.queue, event.at, book.legs) is None for event in book.machine_answers)


def _claimed(book: LegBook) -> list[Leg]:
    """Give an answer that names nobody to the one agent who was being rung."""
    legs = dict(book.legs)
    for event in book.machine_answers:
        leg = _claimant(event.call_id, event.queue, event.at, legs)
        if leg is not None and leg.answered_at is None:
            legs[leg.key] = replace(leg, answered_at=event.at)
    return list(legs.values())


def _claimant(call_id: str, queue: str | None, at: datetime, legs: Mapping[str, Leg]) -> Leg | None:
    rung = [leg for leg in legs.values() if leg.is_person and leg.call_id == call_id and leg.rang_at is not None]
    ringing = [
        leg for leg in rung if leg.rang_at is not None and leg.rang_at <= at and (leg.ended_at is None or at <= leg.ended_at)
    ]
    only_one = len({(leg.agent, leg.extension) for leg in rung}) == 1
    return ringing[-1] if only_one and ringing and queue is None else None


def _came_to_nothing(leg: Leg, end: datetime | None) -> bool:
    """A ring or a wait that began after the call was over, and that nobody took."""
    return end is not None and leg.answered_at is None and leg.rang_at is not None and leg.rang_at > end


def _closed_with_call(leg: Leg, end: datetime | None) -> Leg:
    if end is None or not leg.is_open:
        return leg
    return replace(leg, ended_at=max(at for at in (end, leg.answered_at, leg.rang_at) if at is not None))


def _closed_by_race(leg: Leg, legs: Iterable[Leg]) -> Leg:
    """End a telephone still ringing when another of its group was answered; exchanges often leave that untold."""
    if not leg.is_person or not leg.is_open or leg.answered_at is not None or leg.rang_at is None:
        return leg
    rang_at = leg.rang_at
    others = [other for other in legs if other.is_person and other.key != leg.key]
    if any(other.talked_during(rang_at) for other in others):
        return leg  # A consult or a conference: an answer elsewhere decides nothing here.
    won = [other.answered_at for other in others if other.answered_at is not None and other.answered_at >= rang_at]
    return replace(leg, ended_at=min(won)) if won else leg


def _closed_by_answer(leg: Leg, legs: Iterable[Leg]) -> Leg:
    """A wait in a queue is over when a person answers."""
    if leg.kind != "queue" or leg.rang_at is None:
        return leg
    joined_at, left_at = leg.rang_at, leg.ended_at
    answers = (other.answered_at for other in legs if other.is_person and other.answered_at is not None)
    answered_at = min((at for at in answers if joined_at <= at and (left_at is None or at <= left_at)), default=None)
    return leg if answered_at is None else replace(leg, answered_at=answered_at, ended_at=answered_at)


def _kind(leg: Leg, legs: Iterable[Leg]) -> LegKind:
    """Whoever is called while a colleague talks with the customer is consulted."""
    began_at = leg.rang_at or leg.answered_at
    if leg.kind != "agent" or began_at is None:
        return leg.kind
    others = (other for other in legs if other.is_person and other.key != leg.key and other.agent != leg.agent)
    return "consult" if any(other.talked_during(began_at) for other in others) else "agent"


def _went_on_without(leg: Leg, legs: Iterable[Leg]) -> bool:
    """Say whether others of us took the call over when this agent left it: a transfer, told as such or not.

    Who leaves a colleague to whom the call belonged before has handed nothing over.
    """
    if not leg.is_person or leg.answered_at is None or leg.ended_at is None:
        return False
    answered_at, left_at = leg.answered_at, leg.ended_at
    others = [other for other in legs if other.key != leg.key and other.kind != "external" and other.agent != leg.agent]
    if any(other.is_person and other.talked_during(answered_at) and other.talked_during(left_at) for other in others):
        return False
    return any(_busy_after(other, left_at) for other in others)


def _busy_after(leg: Leg, instant: datetime) -> bool:
    talked_on = leg.is_person and leg.answered_at is not None and (leg.ended_at is None or leg.ended_at > instant + SAME_MOMENT)
    return talked_on or (leg.rang_at is not None and leg.rang_at >= instant)


def _outcome(leg: Leg, legs: Iterable[Leg]) -> LegOutcome | None:
    """Return what an ended leg came to. What the exchange told counts, except that only a person can have served."""
    if leg.ended_at is None:
        return None
    if leg.kind == "external":
        return "forwarded"
    if leg.answered_at is not None:
        return leg.outcome if leg.outcome in NOT_A_TALK and leg.is_person else "served"
    return leg.outcome if leg.kind == "queue" else _unanswered(leg, legs)


def _unanswered(leg: Leg, legs: Iterable[Leg]) -> LegOutcome | None:
    if any(_won_against(other, leg) for other in legs):
        return "answered_elsewhere"
    if leg.outcome is not None and leg.outcome != "served":
        return leg.outcome
    return "missed_agent" if leg.rang_at is not None else None


def _won_against(other: Leg, loser: Leg) -> bool:
    """Say whether `other` rang together with `loser` and was answered while it did."""
    if not other.is_person or other.key == loser.key or other.answered_at is None:
        return False
    if loser.rang_at is None or loser.ended_at is None:
        return False
    rang_together = other.rang_at is None or other.rang_at < loser.ended_at
    return rang_together and loser.rang_at <= other.answered_at <= loser.ended_at + SAME_MOMENT


def _order(leg: Leg) -> tuple[datetime, str]:
    began_at = leg.began_at
    if began_at is None:
        message = "a leg is made by an event, so it has at least one instant"
        raise ValueError(message)
    return (began_at, leg.key)
