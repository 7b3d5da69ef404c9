"""What an agent's screen shows right now, told from the last events of each pop.

A pop is over when it was withdrawn, or when its last state says that the call has ended: whoever talked keeps that card.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import orjson

from tieline.domain.agent_event import SentEvent

RECENT_LIMIT = 20


CALL_OVER = "call_over"


@dataclass(frozen=True, slots=True)
class Ended:
    """A pop that is over: its last state, and why and when it ended."""

    state: SentEvent
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Present:
    """`live` pops in the order of their last change; `ended` ones, the latest first, at most `RECENT_LIMIT`."""

    live: tuple[SentEvent, ...]
    ended: tuple[Ended, ...]

    def roll(self) -> str:
        """Return JSON `{"live": [pop ids], "recent": [{"pop", "reason", "at"}]}`: whatever else a screen shows is over."""
        recent = [{"pop": orjson.Fragment(ended.state.payload), "reason": ended.reason, "at": ended.at} for ended in self.ended]
        return orjson.dumps({"live": [event.pop_id for event in self.live], "recent": recent}).decode()


def present_state(latest: Sequence[SentEvent], *, ended_since: datetime) -> Present:
    """Tell live pops from ended ones, and drop those that ended before `ended_since`.

    `latest` holds, per pop, at most its last state and its last withdrawal.
    """
    by_pop: defaultdict[str, dict[bool, SentEvent]] = defaultdict(dict)
    for event in latest:
        by_pop[event.pop_id][event.kind == "pop.withdraw"] = event
    shown = [(pop[False], pop.get(True)) for pop in by_pop.values() if False in pop]
    endings = [(state, _ending(state, withdrawal)) for state, withdrawal in shown]
    live = sorted((state for state, ending in endings if ending is None), key=lambda event: event.id)
    ended = sorted(
        (ending for _, ending in endings if ending and ending.at >= ended_since),
        key=lambda pop: (pop.at, pop.state.id),
        reverse=True,
    )
    return Present(tuple(live), tuple(ended[:RECENT_LIMIT]))


def _ending(state: SentEvent, withdrawal: SentEvent | None) -> Ended | None:
    """Return how a pop ended; None: it is live."""
    if withdrawal is not None and withdrawal.id > state.id:
        return Ended(state, orjson.loads(withdrawal.payload).get("reason") or CALL_OVER, withdrawal.at)
    call = orjson.loads(state.payload).get("call") or {}
    return Ended(state, CALL_OVER, state.at) if call.get("state") == "ended" else None
