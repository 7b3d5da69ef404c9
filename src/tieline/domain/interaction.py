"""One contact with one customer, told anew from all its events each time one more is known.

Nothing here depends on the order in which events arrived, nor on how often: an interaction is a function of the set of its
events. That is why a repeated, late or overtaken event can do no harm.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Literal

from tieline.domain.agent_directory import AgentDirectory
from tieline.domain.call import CallEvent, CallOutcome, Direction
from tieline.domain.call_identity import in_order, is_derived, root_key, under_one_name
from tieline.domain.call_leg import Leg
from tieline.domain.call_leg_book import LegBook
from tieline.domain.call_leg_ends import conclude, told_ends, unclaimed_answers
from tieline.domain.call_outcome import Facts, decide
from tieline.domain.call_parties import is_extension, parties_of, staff_of
from tieline.domain.phone import PhoneNumber

InteractionState = Literal["new", "queued", "ringing", "answered", "held", "wrapup", "ended"]
IdQuality = Literal["given", "derived"]
Closing = Literal["none", "settled", "lost"]
LOST: Final[CallOutcome] = "unknown_lost_hangup"


@dataclass(frozen=True, slots=True)
class HandOver:
    """An agent passed the call on. `target` is as the exchange wrote it."""

    at: datetime
    agent: str | None
    target: str | None
    queue: str | None


@dataclass(frozen=True, slots=True)
class Interaction:
    """What is known of the contact. `outcome` is what it came to if nothing more is heard; None while it goes on.

    `told_over`: the exchange said so, and it is final. Otherwise an end was concluded from every leg being over, and another
    leg of the same call (a hunt group trying the next agent) takes that back. `caller` is the agent who dialled, if one did.
    """

    call_key: str
    direction: Direction
    customer: PhoneNumber | None
    customer_raw: str
    line: str | None
    queue: str | None
    internal: bool
    id_quality: IdQuality
    state: InteractionState
    told_over: bool
    started_at: datetime
    answered_at: datetime | None
    ended_at: datetime | None
    outcome: CallOutcome | None
    hangup_cause: str | None
    recording_ref: str | None
    told_wait_s: int | None
    caller: str | None
    legs: tuple[Leg, ...]
    hand_overs: tuple[HandOver, ...]

    @property
    def people(self) -> tuple[Leg, ...]:
        """Return the legs of ours."""
        return tuple(leg for leg in self.legs if leg.is_person)

    @property
    def is_quiet(self) -> bool:
        """Say whether nothing rings, waits or talks any more, so that settling may begin."""
        return self.told_over or (bool(self.legs) and not any(leg.is_open for leg in self.legs))

    @property
    def owner(self) -> Leg | None:
        """Return the leg of whoever has the call now: of all who talk, the first who answered."""
        return _owner(self.legs)

    @property
    def last_agent(self) -> str | None:
        """Return whoever of ours talked last, by when they answered."""
        talked = [(leg.answered_at, leg.key, leg.agent) for leg in self.people if leg.agent and leg.answered_at]
        return max(talked)[2] if talked else None

    @property
    def talk_s(self) -> int | None:
        """Return the seconds the customer talked with us; two agents at once count once. Unknown for a lost hang-up."""
        spans = sorted((leg.answered_at, leg.ended_at) for leg in self.people if leg.answered_at and leg.ended_at)
        if not spans or self.outcome == LOST:
            return None
        total, until = 0.0, spans[0][0]
        for began_at, ended_at in spans:
            total += max(0.0, (ended_at - max(began_at, until)).total_seconds())
            until = max(until, ended_at)
        return int(total)

    @property
    def wait_s(self) -> int | None:
        """Return the seconds until a person answered, or until the caller gave up."""
        until = self.answered_at or self.ended_at
        if until is None or (self.answered_at is None and self.outcome == LOST):
            return self.told_wait_s
        return max(0, int((until - self.started_at).total_seconds()))


def tell(events: Sequence[CallEvent], directory: AgentDirectory, *, closing: Closing = "none") -> Interaction:
    """Return the interaction its events tell of, in whatever order and number they are given. Raises: ValueError: no event.

    `closing` is what the clock did to it: `settled` ends a quiet call (another leg of it takes that back), `lost` ends one whose
    hang-up never came (until the exchange tells of an end after all).
    """
    ordered = under_one_name(in_order(events))
    root = root_key(ordered)
    book = LegBook(ordered, root, directory)
    ends = told_ends(book)
    legs = conclude(book)
    told_over = bool(ends) and not any(leg.is_open for leg in legs)
    story = _story(ordered, root, directory, book=book, legs=legs, told_over=told_over)
    if told_over or _closed_by_itself(story) or (closing == "settled" and story.is_quiet):
        ended_at = max((*ends.values(), *(leg.ended_at for leg in legs if leg.ended_at is not None)), default=ordered[-1].at)
        return _over(story, book, ended_at=ended_at)
    return _given_up(story, ordered[-1].at) if closing == "lost" else story


def _story(
    ordered: Sequence[CallEvent],
    root: str,
    directory: AgentDirectory,
    *,
    book: LegBook,
    legs: tuple[Leg, ...],
    told_over: bool,
) -> Interaction:
    parties = parties_of(ordered, root, directory)
    queues = [event.queue for event in ordered if event.queue is not None]
    answers = [leg.answered_at for leg in legs if leg.is_person and leg.agent is not None and leg.answered_at is not None]
    return Interaction(
        call_key=root,
        direction=parties.direction,
        customer=parties.customer,
        customer_raw=parties.customer_raw,
        line=parties.line,
        queue=queues[-1] if queues else None,
        internal=parties.internal,
        id_quality="derived" if is_derived(root) else "given",
        state=_state(legs),
        told_over=told_over,
        started_at=ordered[0].at,
        answered_at=min(answers, default=None),
        ended_at=None,
        outcome=None,
        hangup_cause=next((event.hangup_cause for event in reversed(ordered) if event.hangup_cause), None),
        recording_ref=next((event.recording_ref for event in reversed(ordered) if event.recording_ref), None),
        told_wait_s=next((event.wait_s for event in reversed(ordered) if event.wait_s is not None), None),
        caller=_caller(ordered, directory),
        legs=legs,
        hand_overs=tuple(_hand_over(event, directory) for event in book.hand_overs),
    )


def _state(legs: Sequence[Leg]) -> InteractionState:
    """Return the furthest state reached. Only `held`, which is the customer's waiting for the owner, gives way again."""
    if any(leg.answered_at is not None and leg.kind != "queue" for leg in legs):
        owner = _owner(legs)
        return "held" if owner is not None and owner.held else "answered"
    if any(leg.rang_at is not None and leg.is_person for leg in legs):
        return "ringing"
    return "queued" if legs else "new"


def _owner(legs: Sequence[Leg]) -> Leg | None:
    talking = ((leg.answered_at, leg.key, leg) for leg in legs if leg.is_person and leg.talks and leg.answered_at is not None)
    return min(talking, key=lambda one: one[:2], default=(None, None, None))[2]


def _closed_by_itself(story: Interaction) -> bool:
    """Say whether the end of the last leg is plainly the end: it was talked on and not passed on, or it has an outcome told."""
    if not story.is_quiet:
        return False
    last = max(story.legs, key=lambda leg: (leg.ended_at or story.started_at, leg.key))
    passed_on = last.handed_over and not last.to_outside
    return (last.answered_at is not None and not passed_on) or last.outcome not in {None, "missed_agent", "answered_elsewhere"}


def _over(story: Interaction, book: LegBook, *, ended_at: datetime) -> Interaction:
    machine = unclaimed_answers(book)
    outcome = decide(Facts(story.direction, story.legs, story.started_at, ended_at, book.told_outcome, machine))
    legs = tuple(replace(leg, outcome=outcome) if _waited_in_vain(leg, story) else leg for leg in story.legs)
    return replace(story, state="ended", ended_at=ended_at, outcome=outcome, legs=legs)


def _waited_in_vain(leg: Leg, story: Interaction) -> bool:
    waits = [other for other in story.legs if other.kind == "queue"]
    return leg.kind == "queue" and leg.outcome is None and leg is waits[-1]


def _given_up(story: Interaction, last_at: datetime) -> Interaction:
    legs = tuple(replace(leg, ended_at=last_at, outcome=LOST) if leg.is_open else leg for leg in story.legs)
    return replace(story, state="ended", ended_at=last_at, outcome=LOST, legs=legs)


def _caller(ordered: Sequence[CallEvent], directory: AgentDirectory) -> str | None:
    """Return the agent whose extension dialled, for a call inside the house."""
    dialled = (event.from_ for event in ordered if event.from_ and is_extension(event.from_, directory))
    agents = (directory.by_extension(extension) for extension in dialled)
    return next((agent for agent in agents if agent is not None), None)


def _hand_over(event: CallEvent, directory: AgentDirectory) -> HandOver:
    staff = staff_of(event, directory)
    return HandOver(event.at, staff.agent if staff else None, event.target, event.queue)
