"""Are two calls one contact, although the exchange gave them unrelated ids? A guess: marked as such, and reversible."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from tieline.domain.call import CallEvent
from tieline.domain.call_identity import call_keys, family
from tieline.domain.interaction import HandOver, Interaction

GAP: Final = timedelta(seconds=3)
"""A transferred call appears under its new id within this time of leaving the old one."""
LOOK_BACK: Final = timedelta(hours=4)
"""A call older than this has been swept."""


def belong_together(one: Interaction, other: Interaction) -> bool:
    """Say whether the later of two calls is a part of the earlier one."""
    earlier, later = sorted((one, other), key=lambda story: (story.started_at, story.call_key))
    return is_consult(later, earlier) or was_handed_over(later, earlier) or took_over(later, earlier)


def is_consult(later: Interaction, earlier: Interaction) -> bool:
    """An agent who is in a customer's call dials a colleague."""
    if not later.internal or earlier.internal or later.caller is None:
        return False
    return any(leg.agent == later.caller and leg.talked_during(later.started_at) for leg in earlier.people)


def was_handed_over(later: Interaction, earlier: Interaction) -> bool:
    """A transfer was told, and within 3 s its target rings for the same customer, or for the agent who transferred."""
    return any(_arrives(later, hand_over, same_customer=_same_customer(later, earlier)) for hand_over in earlier.hand_overs)


def took_over(later: Interaction, earlier: Interaction) -> bool:
    """Untold: within 3 s of one agent leaving, another is rung for the same number on the same line."""
    if not _same_customer(later, earlier) or later.line != earlier.line or {later.direction, earlier.direction} != {"inbound"}:
        return False
    rung = {leg.agent for leg in later.people}
    left = (leg for leg in earlier.people if leg.answered_at is not None and leg.ended_at is not None and leg.agent not in rung)
    return any(leg.ended_at is not None and abs(later.started_at - leg.ended_at) <= GAP for leg in left)


def linked_groups(events: Iterable[CallEvent]) -> list[frozenset[str]]:
    """Return the families of ids that the exchange itself says are one call. More than one group: a guess joined them."""
    groups: list[frozenset[str]] = []
    for event in events:
        named = frozenset(family(key) for key in call_keys(event))
        touched = [group for group in groups if group & named]
        groups = [group for group in groups if not group & named] + [named.union(*touched)]
    return groups


def _arrives(later: Interaction, hand_over: HandOver, *, same_customer: bool) -> bool:
    if abs(later.started_at - hand_over.at) > GAP or hand_over.target is None:
        return False
    rung = {name for leg in later.people for name in (leg.agent, leg.extension)} | {later.queue}
    by_the_agent = later.caller is not None and later.caller == hand_over.agent
    return hand_over.target in rung and (same_customer or by_the_agent)


def _same_customer(one: Interaction, other: Interaction) -> bool:
    key = one.customer.key if one.customer is not None else None
    return key is not None and other.customer is not None and other.customer.key == key
