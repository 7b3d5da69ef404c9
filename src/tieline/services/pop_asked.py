"""What is asked: a pop for one agent, about one call or one number."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from tieline.domain.agent import Agent
from tieline.domain.call import Direction
from tieline.domain.pop_order import PopMode
from tieline.domain.screen_pop import ShownCall

ASKED_AGAIN: Final = "asked_again"
"""The reason of a question whose answers are wanted live: the agent is about to act on them."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One question "who is this?". `phone` is the outside party's number and `called` our line, both as the PBX wrote them.

    `agent` is for whom the answer is masked; None: for the machine that asks. `actor` and `role` name who asks, for the audit.
    `chosen_ref` is whom the agent chose in this call.
    """

    pop_id: str
    phone: str
    called: str | None
    actor: str
    role: str
    at: datetime
    agent: Agent | None = None
    call_id: str | None = None
    interaction_id: UUID | None = None
    provider: str | None = None
    call_key: str | None = None
    direction: Direction = "inbound"
    queue: str | None = None
    mode: PopMode = "full"
    call: ShownCall | None = None
    chosen_ref: str | None = None
    verified: bool = False
    reason: str = "asked"

    @property
    def seen_by(self) -> str:
        """Return the role whose masks apply."""
        return self.agent.role if self.agent is not None else self.role
