"""What the match rules say: one person, several to choose from, or nobody, and why."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from tieline.domain.match_reasons import reason_text
from tieline.domain.people import Person
from tieline.domain.screen_pop import Candidate, Match

MOST_SHOWN = 5
MOST_RANKED = 20
SEARCHING = "searching"
"""The rule of a match before anybody has answered."""


class RankedPerson(NamedTuple):
    """One person with the score they reached. `because` are codes of `match_reasons`, the weightiest first."""

    person: Person
    score: float
    rule: str
    opens: bool
    reason: str
    because: tuple[str, ...] = ()
    last_contact_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """`chosen` is whose card opens: a person when `known`, at most a company when `maybe`.

    `ranked` holds at most five, the likeliest first, `chosen` among them; `more` counts those left out. `shared` says that the
    number stands for a line and not for one person, so that history is the line's and the number proves nobody's identity.
    """

    match: Match
    chosen: Person | None = None
    ranked: tuple[RankedPerson, ...] = ()
    more: int = 0
    shared: bool = False

    def while_searching(self) -> Match:
        """Return what may be said before every search for the caller has come back: that nobody is known is not yet known."""
        if self.match.rule != "nothing":
            return self.match
        return self.match.model_copy(update={"rule": SEARCHING, "reason": reason_text(SEARCHING)})

    def candidates(self) -> tuple[Candidate, ...]:
        """Return whom else to offer: all of them while nobody is chosen, the others afterwards."""
        return tuple(
            _candidate(ranked) for ranked in self.ranked if self.chosen is None or not ranked.person.is_same(self.chosen)
        )


def _candidate(ranked: RankedPerson) -> Candidate:
    return Candidate(
        ref=ranked.person.ref,
        name=ranked.person.name,
        company=ranked.person.company,
        kind=ranked.person.kind,
        confidence=ranked.score,
        reason=ranked.reason,
        source=ranked.person.source,
        last_contact_at=ranked.last_contact_at,
    )
