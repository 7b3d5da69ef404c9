"""What the rules of a call ask about our own side: who sits at an extension, who watches a queue, whose line was called."""

from typing import Protocol

from tieline.domain.line import Line


class AgentDirectory(Protocol):
    """Answers from the configuration, without waiting: it is asked inside transactions."""

    def has_agent(self, agent: str, /) -> bool:
        """Say whether `agent` is the id of one of our agents."""

    def by_extension(self, extension: str, /) -> str | None:
        """Return the agent who sits at an extension; None: nobody is known to."""

    def queue_watchers(self, queue: str, /) -> tuple[str, ...]:
        """Return the agents who are shown every call waiting in a queue."""

    def is_internal(self, number: str, /) -> bool:
        """Say whether a number, as the exchange wrote it, is one of our own extensions or staff telephones."""

    def line(self, number: str, /) -> Line | None:
        """Return the line a called number is; None: it is none of ours."""
