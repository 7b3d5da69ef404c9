"""Which agents are served with something new while everybody else goes on with what was there before."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Final

_PLACES: Final = 1 << 64


@dataclass(frozen=True, slots=True)
class GrayRelease:
    """A share of the agents, drawn by lot and kept: `percent` of 0 to 100 are served with what `name` names.

    An agent's place depends on the two names alone. So it is the same in every process and at every call, agents who are in stay
    in while the share grows, and another release falls on other agents.
    """

    name: str
    percent: int

    def includes(self, agent: str | None) -> bool:
        """Say whether this agent is among them; a machine that asks for nobody in particular never is."""
        return agent is not None and 100 * _place(self.name, agent) < self.percent * _PLACES


def _place(release: str, agent: str) -> int:
    """Return a number below `_PLACES`. A NUL parts the names: neither can hold one."""
    digest = sha256(f"{release}\0{agent}".encode()).digest()
    return int.from_bytes(digest[:8], "big")
