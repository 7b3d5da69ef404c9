"""What an interaction came to. Only a talk with a person is `served`; a queue, an IVR, a bot or voicemail never is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from tieline.domain.call import CallOutcome, Direction
from tieline.domain.call_leg import Leg

SHORT: Final = timedelta(seconds=5)
"""Who gives up sooner than this is left out of the figures."""
NOT_FROM_A_PERSON: Final = frozenset({"voicemail", "rejected", "forwarded", "failed", "ivr_done"})
GAVE_UP: Final = frozenset({"abandoned_queue", "abandoned_short"})


@dataclass(frozen=True, slots=True)
class Facts:
    """What the verdict is drawn from. `told` is the exchange's own word; `machine_answered`: something that is no person did."""

    direction: Direction
    legs: Sequence[Leg]
    started_at: datetime
    ended_at: datetime
    told: CallOutcome | None
    machine_answered: bool

    @property
    def people(self) -> list[Leg]:
        """Return the legs of ours."""
        return [leg for leg in self.legs if leg.is_person]

    @property
    def waits(self) -> list[Leg]:
        """Return the waits in queues, the last one last."""
        return [leg for leg in self.legs if leg.kind == "queue"]

    @property
    def was_short(self) -> bool:
        """Say whether the caller gave up before anyone could have helped."""
        return self.ended_at - self.started_at < SHORT


def served(facts: Facts) -> CallOutcome | None:
    """A person of ours talked with the customer. At an extension nobody sits at, only if the exchange says so too."""
    talked = [leg for leg in facts.people if leg.outcome == "served"]
    known = any(leg.agent is not None for leg in talked)
    return "served" if known or (talked and facts.told == "served") else None


def went_elsewhere(facts: Facts) -> CallOutcome | None:
    """The call was taken outside the house, or at a telephone we do not know."""
    outside = any(leg.kind == "external" or leg.outcome == "served" for leg in facts.legs)
    return "forwarded" if outside and facts.told in {None, "served", "forwarded"} else None


def outbound(facts: Facts) -> CallOutcome | None:
    """Nobody talked on a call of ours: the exchange knows why, else it failed."""
    if facts.direction != "outbound":
        return None
    return facts.told if facts.told in NOT_FROM_A_PERSON else "failed"


def told_otherwise(facts: Facts) -> CallOutcome | None:
    """The exchange saw what we cannot: voicemail, a rejection, a forward, a failure."""
    return facts.told if facts.told in NOT_FROM_A_PERSON and facts.told != "ivr_done" else None


def waited(facts: Facts) -> CallOutcome | None:
    """A queue's outcome beats the IVR's, and the last queue's word counts."""
    if not facts.waits:
        return None
    if facts.told == "missed_agent":
        return "missed_agent"
    return "abandoned_short" if facts.was_short else "abandoned_queue"


def rang(facts: Facts) -> CallOutcome | None:
    """An agent was rung directly and nobody took it."""
    if not any(leg.rang_at is not None for leg in facts.people):
        return None
    if facts.told in GAVE_UP or facts.told == "missed_agent":
        return facts.told
    return "abandoned_short" if facts.was_short else "missed_agent"


def self_service(facts: Facts) -> CallOutcome | None:
    """The caller spoke with a machine only, or with nobody."""
    if facts.told in GAVE_UP or facts.told == "missed_agent":
        return facts.told
    if facts.machine_answered or facts.told == "ivr_done":
        return "ivr_done"
    return "abandoned_short" if facts.was_short else "failed"


VERDICTS: Final[tuple[Callable[[Facts], CallOutcome | None], ...]] = (
    served,
    outbound,
    told_otherwise,
    went_elsewhere,
    waited,
    rang,
    self_service,
)
"""The first that has something to say decides."""


def decide(facts: Facts) -> CallOutcome:
    """Return what the call came to.

    Source: rule book for calls, 4.11: queue beats IVR, last queue wins, legs that lost a race are not missed.
    """
    return next(verdict for rule in VERDICTS if (verdict := rule(facts)) is not None)
