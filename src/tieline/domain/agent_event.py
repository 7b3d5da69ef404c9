"""What is sent to an agent's screen, as it is written and as it is read back."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

AgentEventKind = Literal["pop.show", "pop.update", "pop.withdraw", "ticket.moved"]


@dataclass(frozen=True, slots=True)
class AgentEvent:
    """One event for one agent. `seq` counts up within a pop; a screen ignores what is not newer than it shows.

    `payload` is the whole masked screen pop for `pop.show` and `pop.update`, and `pop_id`, `reason` and `seq` for `pop.withdraw`.
    `ticket.moved` is no state of its pop: a ticket that the card shows stands differently, and is to be read again (`ticket_id`).
    """

    agent: str
    kind: AgentEventKind
    pop_id: str
    seq: int
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SentEvent:
    """An event as it stands in the log. `payload` is JSON text, handed on without being read; `id` orders one agent's events."""

    id: int
    kind: AgentEventKind
    pop_id: str
    payload: str
    at: datetime
