"""Which agents should have a card of this interaction, and what must be sent so that they do.

Cards are derived from the interaction as it stands, and compared with the promises made so far. Whatever the order in which
events came, the comparison ends in the same cards, and never in a second one for the same agent.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from tieline.domain.agent_directory import AgentDirectory
from tieline.domain.call_leg import Leg
from tieline.domain.interaction import Interaction, InteractionState
from tieline.domain.pop_order import MODE_RANK, PopKind, PopMode, PopState

Cause = Literal["ring", "answer"]
NEWS: Final[Mapping[tuple[InteractionState | None, InteractionState], str]] = {
    ("answered", "held"): "held",
    ("held", "answered"): "resumed",
}
ON_SCREEN: Final[frozenset[PopState]] = frozenset({"promised", "claimed", "shown"})


@dataclass(frozen=True, slots=True)
class Card:
    """A card an agent should have. `since` and `cause` say what entitles to it; a card for old news is not brought any more."""

    agent: str
    mode: PopMode
    cause: Cause
    since: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Farewell:
    """A card an agent should no longer have."""

    agent: str
    reason: str


@dataclass(frozen=True, slots=True)
class Promise:
    """A card promised before."""

    pop_id: str
    agent: str
    mode: PopMode
    state: PopState


@dataclass(frozen=True, slots=True)
class Step:
    """One change to one agent's card. `pop_id` is None for a card not promised before."""

    kind: PopKind
    agent: str
    mode: PopMode
    reason: str
    pop_id: str | None


def cards(story: Interaction, directory: AgentDirectory) -> Mapping[str, Card | Farewell]:
    """Return for each agent touched by the call the card they should have, or that they should have none.

    An agent who talked keeps the card after the call, to write it up, and is not in the answer. Internal calls bring no card,
    and take back one that was brought before the call was known to be internal.
    """
    if story.internal:
        return {leg.agent: Farewell(leg.agent, "internal") for leg in story.people if leg.agent is not None}
    found: dict[str, Card | Farewell] = dict(_watchers(story, directory))
    for agent in dict.fromkeys(leg.agent for leg in story.people if leg.agent is not None):
        word = _word_for(agent, [leg for leg in story.people if leg.agent == agent], story)
        if word is not None:
            found[agent] = word
        else:
            found.pop(agent, None)
    return found


def steps(
    wanted: Mapping[str, Card | Farewell], promised: Iterable[Promise], *, is_fresh: Callable[[Card], bool]
) -> tuple[tuple[Step, ...], tuple[Card, ...]]:
    """Return what must change, by agent, and the cards that are not brought because their news is old."""
    before = {promise.agent: promise for promise in promised}
    changes: list[Step] = []
    stale: list[Card] = []
    for agent in sorted(wanted):
        word, promise = wanted[agent], before.get(agent)
        on_screen = promise is not None and promise.state in ON_SCREEN
        if isinstance(word, Farewell):
            if promise is not None and on_screen:
                changes.append(Step("withdraw", agent, promise.mode, word.reason, promise.pop_id))
        elif promise is not None and on_screen:
            changes.extend(_opened_further(word, promise))
        elif is_fresh(word):
            kind: PopKind = "join" if word.mode == "join" else "show"
            changes.append(Step(kind, agent, word.mode, word.reason, promise.pop_id if promise else None))
        else:
            stale.append(word)
    return tuple(changes), tuple(stale)


def news_steps(
    before: InteractionState | None, after: InteractionState, promised: Iterable[Promise], *, but_not: Iterable[Step]
) -> tuple[Step, ...]:
    """Return the updates for cards that stay as they are while the call moves on: held, resumed, over."""
    news = "call_over" if after == "ended" and before != "ended" else NEWS.get((before, after))
    told = {step.agent for step in but_not}
    staying = (promise for promise in promised if promise.state in ON_SCREEN and promise.agent not in told)
    return () if news is None else tuple(Step("update", one.agent, one.mode, news, one.pop_id) for one in staying)


def _opened_further(card: Card, promise: Promise) -> Iterator[Step]:
    if MODE_RANK[card.mode] > MODE_RANK[promise.mode]:
        owns = card.mode == "full" and promise.mode == "join"
        yield Step("update", card.agent, card.mode, "you_own_it_now" if owns else card.reason, promise.pop_id)


def _watchers(story: Interaction, directory: AgentDirectory) -> Iterator[tuple[str, Card | Farewell]]:
    """Who watches a queue sees its calls wait, and no longer."""
    waits = [leg for leg in story.legs if leg.kind == "queue" and leg.queue is not None]
    for wait in sorted(waits, key=lambda leg: leg.is_open):
        for watcher in directory.queue_watchers(wait.queue or ""):
            if wait.is_open and wait.rang_at is not None and not story.told_over:
                yield watcher, Card(watcher, "preview", "ring", wait.rang_at, "waiting_in_queue")
            else:
                yield watcher, Farewell(watcher, "answered_elsewhere" if wait.answered_at else "caller_hung_up")


def _word_for(agent: str, legs: list[Leg], story: Interaction) -> Card | Farewell | None:
    talking = [leg for leg in legs if leg.talks]
    if talking:
        return _talking_card(agent, talking, story)
    ringing = [leg.rang_at for leg in legs if leg.is_open and leg.rang_at is not None]
    if ringing:
        return _ringing_card(agent, max(ringing), story)
    talked = [leg for leg in legs if leg.answered_at is not None]
    return _after_talk(agent, talked, story) if talked else Farewell(agent, _why_not_taken(legs, story))


def _talking_card(agent: str, talking: list[Leg], story: Interaction) -> Card:
    since = min(leg.answered_at for leg in talking if leg.answered_at is not None)
    owner = story.owner
    if owner is None or owner.agent == agent:
        return Card(agent, "full", "answer", since, "answered")
    return Card(agent, "join", "answer", since, "joined")


def _ringing_card(agent: str, rang_at: datetime, story: Interaction) -> Card:
    """Outbound, the card is there at the dial; nothing more comes with the answer."""
    dials = story.direction == "outbound" and not any(leg.talked_during(rang_at) for leg in story.people)
    return Card(agent, "full", "ring", rang_at, "dialled") if dials else Card(agent, "preview", "ring", rang_at, "rang")


def _after_talk(agent: str, talked: list[Leg], story: Interaction) -> Farewell | None:
    last = max(talked, key=lambda leg: (leg.ended_at or story.started_at, leg.key))
    if last.to_outside:
        return None  # The ticket stays with whoever sent the call outside.
    if last.handed_over:
        return Farewell(agent, "transferred")
    return Farewell(agent, "consult_over") if _only_consulted(last, story) else None


def _only_consulted(leg: Leg, story: Interaction) -> bool:
    """Say whether a colleague had the call the whole time this one was on it."""
    began_at, ended_at = leg.answered_at, leg.ended_at
    if leg.kind == "agent" or began_at is None or ended_at is None:
        return False
    others = (other for other in story.people if other.agent != leg.agent)
    return any(other.talked_during(began_at) and (other.ended_at is None or other.ended_at >= ended_at) for other in others)


def _why_not_taken(legs: list[Leg], story: Interaction) -> str:
    if any(leg.outcome == "answered_elsewhere" for leg in legs):
        return "answered_elsewhere"
    return "caller_hung_up" if story.told_over else "missed"
