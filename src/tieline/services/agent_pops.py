"""What an agent does with a pop: sees it, says who is calling or what to make of the call, asks again, opens its page."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Literal, Protocol

from tieline.domain.references import ExternalRef
from tieline.security.permissions import Caller

KEY_LIFE: Final = timedelta(hours=4)
"""As long as a call may last before the sweeper ends it."""


Verdict = Literal["review_later", "wrong_number", "spam"]
"""What an agent may say of a caller nobody knows. A reviewer decides."""


@dataclass(frozen=True, slots=True)
class OpenedPop:
    """What a one-time code opened. `key` follows the agent's pops; `pop` is the masked screen pop as JSON."""

    pop: dict[str, Any]
    agent: str | None
    key: str | None


class AgentPops(Protocol):
    """The use cases behind `api.agent_pops`."""

    async def acknowledge(self, pop_id: str, *, agent: str, by: Caller) -> None:
        """Note that a pop is on the agent's screen. Raises: NotFound."""

    async def choose(self, pop_id: str, ref: str, *, remember: bool, by: Caller) -> None:
        """Say who is calling. Raises: NotFound. StateConflict: the pop is over."""

    async def link(self, pop_id: str, ref: ExternalRef, *, by: Caller) -> None:
        """Say whose number an unknown caller's is. Raises: NotFound. StateConflict: the card is over, or asks nothing."""

    async def ask_again(self, pop_id: str, *, by: Caller) -> None:
        """Ask every system once more; the card follows. Raises: NotFound. StateConflict: the pop is over."""

    async def leave_for_review(self, pop_id: str, verdict: Verdict, *, by: Caller) -> None:
        """Leave an unknown caller to a reviewer. Raises: NotFound. StateConflict: the caller is known, or hides the number."""

    async def open(self, pop_id: str, code: str) -> OpenedPop:
        """Exchange a one-time code. Raises: Gone."""
