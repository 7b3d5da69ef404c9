"""What is to happen on one agent's screen because of a call."""

from dataclasses import dataclass
from typing import Literal

PopKind = Literal["show", "update", "withdraw", "join"]
PopMode = Literal["preview", "full", "join"]
PopState = Literal["promised", "claimed", "shown", "withdrawn", "suppressed", "answered"]

MODE_RANK: dict[PopMode, int] = {"preview": 0, "join": 1, "full": 2}
"""A card only opens further; it never shrinks back under the agent's eyes."""


@dataclass(frozen=True, slots=True)
class PopOrder:
    """One instruction for one screen. There is one `pop_id` per interaction and agent.

    `show` and `join` bring a card (`join` is read-only: somebody else owns the call), `update` changes the card already there,
    `withdraw` takes it away. `reason` is a word the agent's page can explain: rang, answered, dialled, joined, waiting_in_queue,
    held, resumed, you_own_it_now, answered_elsewhere, missed, caller_hung_up, transferred, consult_over, call_over, internal.
    """

    kind: PopKind
    pop_id: str
    agent: str
    call_id: str
    reason: str
    mode: PopMode
