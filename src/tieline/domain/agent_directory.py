"""What the rules of a call ask about our own side: who sits at an extension, who watches a queue, whose line was called."""

from typing import Protocol

from tieline.domain.line import Line
from tieline.domain.phone_internal import InternalNumbers


class AgentDirectory(Protocol):
    """Answers from the configuration, without waiting: it is asked inside transactions."""

    def has_agent(self, agent: str, /) -> bool:
        """Say whether `agent` is the id of one of our agents."""

    def by_extension(self, extension: str, /) -> str | None:
        """Return the agent who sits at an extension; None: nobody is known to."""

    def queue_watchers(self, queue: str, /) -> tuple[str, ...]:
        """Return the agents who are shown every call waiting in a queue."""

    def line(self, number: str, /) -> Line | None:
        """Return the line a called number is, however the exchange writes it; None: it is none of ours."""

    def line_of(self, called: str | None, /) -> Line:
        """Return the line called; a nameless one if it is none of ours, the only one if the exchange named none."""

    @property
    def internal(self) -> InternalNumbers:
        """Return the numbers of the house: extensions, staff, lines."""
