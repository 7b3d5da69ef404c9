"""What the rules of a call ask about our own side: who sits at an extension, who watches a queue, whose line was called."""

from typing import Protocol

from tieline.domain.agent import Agent
from tieline.domain.line import Line
from tieline.domain.phone_internal import InternalNumbers


class AgentDirectory(Protocol):
    """Answers from the configuration, without waiting: it is asked inside transactions."""

    def by_extension(self, extension: str, /) -> Agent | None:
        """Return the agent who sits at an extension, or whose id it is; None: nobody is known to."""

    def queue_watchers(self, queue: str, /) -> tuple[Agent, ...]:
        """Return the agents who are shown every call waiting in a queue."""

    def line(self, called: str | None, /) -> Line:
        """Return the line a called number is, however it is written; one without a number if it is none of ours."""

    @property
    def internal(self) -> InternalNumbers:
        """Return the numbers of the house."""
