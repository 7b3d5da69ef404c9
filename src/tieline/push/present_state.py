"""What an agent's screen shows right now, told from the last events of each pop."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import orjson

from tieline.domain.agent_event import SentEvent

RECENT_LIMIT = 20


@dataclass(frozen=True, slots=True)
class Ended:
    """A pop that was taken back: its last state, and the withdrawal that ended it."""

    state: SentEvent
    withdrawal: SentEvent


@dataclass(frozen=True, slots=True)
class Present:
    """`live` pops in the order of their last change; `ended` ones, the latest first, at most `RECENT_LIMIT`."""

    live: tuple[SentEvent, ...]
    ended: tuple[Ended, ...]

    def roll(self) -> str:
        """Return JSON `{"live": [pop ids], "recent": [{"pop", "reason", "at"}]}`: whatever else a screen shows is over."""
        recent = [
            {
                "pop": orjson.Fragment(ended.state.payload),
                "reason": orjson.loads(ended.withdrawal.payload).get("reason"),
                "at": ended.withdrawal.at,
            }
            for ended in self.ended
        ]
        return orjson.dumps({"live": [event.pop_id for event in self.live], "recent": recent}).decode()


def present_state(latest: Sequence[SentEvent], *, ended_since: datetime) -> Present:
    """Tell live pops from ended ones, and drop those that ended before `ended_since`.

    `latest` holds, per pop, at most its last state and its last withdrawal.
    """
    by_pop: defaultdict[str, dict[bool, SentEvent]] = defaultdict(dict)
    for event in latest:
        by_pop[event.pop_id][event.kind == "pop.withdraw"] = event
    live, ended = [], []
    for pop in by_pop.values():
        state, withdrawal = pop.get(False), pop.get(True)
        if state is None:
            continue
        if withdrawal is None or withdrawal.id < state.id:
            live.append(state)
        elif withdrawal.at >= ended_since:
            ended.append(Ended(state, withdrawal))
    live.sort(key=lambda event: event.id)
    ended.sort(key=lambda pop: pop.withdrawal.id, reverse=True)
    return Present(tuple(live), tuple(ended[:RECENT_LIMIT]))
