"""One leg of an interaction: one telephone of ours that rang or talked, somebody outside, or a wait in a queue."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

LegKind = Literal["agent", "consult", "conference", "external", "queue"]
LegState = Literal["queued", "ringing", "answered", "held", "ended"]
LegOutcome = Literal[
    "served", "answered_elsewhere", "missed_agent", "abandoned_queue", "abandoned_short", "ivr_done", "voicemail", "rejected",
    "forwarded", "failed", "unknown_lost_hangup",
]  # fmt: skip
PEOPLE: frozenset[LegKind] = frozenset({"agent", "consult", "conference"})


@dataclass(frozen=True, slots=True)
class Leg:
    """What is known of one leg. For a queue, `rang_at` is when the wait began and `answered_at` when a person took the call.

    `agent` is None for a queue, for somebody outside and for an extension nobody is known to sit at. `handed_over`: the agent
    left while the call went on, by transfer. `to_outside`: it went to a telephone that is none of ours.
    """

    key: str
    call_id: str
    kind: LegKind
    agent: str | None = None
    extension: str | None = None
    queue: str | None = None
    rang_at: datetime | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    held: bool = False
    handed_over: bool = False
    to_outside: bool = False
    outcome: LegOutcome | None = None
    told_talk_s: int | None = None

    @property
    def is_person(self) -> bool:
        """Say whether one of us is at the other end."""
        return self.kind in PEOPLE

    @property
    def is_open(self) -> bool:
        """Say whether it still rings, waits or talks."""
        return self.ended_at is None

    @property
    def talks(self) -> bool:
        """Say whether somebody is on it now."""
        return self.answered_at is not None and self.ended_at is None

    @property
    def began_at(self) -> datetime | None:
        """Return the first we heard of it."""
        return min((at for at in (self.rang_at, self.answered_at) if at is not None), default=self.ended_at)

    @property
    def state(self) -> LegState:
        """Return where it stands; nothing goes back."""
        if self.ended_at is not None:
            return "ended"
        if self.kind == "queue":
            return "queued"
        if self.answered_at is None:
            return "ringing"
        return "held" if self.held else "answered"

    @property
    def talk_s(self) -> int | None:
        """Return the seconds talked, as measured from the events, else as the exchange told."""
        if self.answered_at is not None and self.ended_at is not None and self.kind != "queue":
            return max(0, int((self.ended_at - self.answered_at).total_seconds()))
        return self.told_talk_s

    def talked_during(self, instant: datetime) -> bool:
        """Say whether somebody was on it at that instant."""
        return self.answered_at is not None and self.answered_at <= instant and (self.ended_at is None or instant < self.ended_at)
