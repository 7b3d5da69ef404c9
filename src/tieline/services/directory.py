"""What an administrator set up, as one snapshot: lines, agents, who answers what. Replaced whole when it changes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from tieline.connectors.connection import VendorConnection
from tieline.domain.agent import Agent
from tieline.domain.errors import RequestRefused
from tieline.domain.line import Line
from tieline.domain.phone import PhoneNumber
from tieline.domain.phone_internal import InternalNumbers
from tieline.domain.phone_normalise import normalise
from tieline.mapping.record import RecordMapping
from tieline.services.linkage.policy import KIND as ACCESS
from tieline.services.linkage.policy import AccessPolicy
from tieline.services.linkage.policy import policy_of as access_policy_of
from tieline.services.sources import Source
from tieline.services.tickets.policy import TicketPolicy, policy_of

NO_LINE = Line(number="", name="")


@dataclass(frozen=True)
class Directory:
    """A consistent snapshot. `sources` are in order of trust, by record kind; `books`: connection → kind → its mapping.

    `policies` are house rules as documents, by kind; `policy_versions` says which version of each holds.
    """

    lines: Mapping[str, Line] = field(default_factory=dict)
    agents: Mapping[str, Agent] = field(default_factory=dict)
    connections: Mapping[str, VendorConnection] = field(default_factory=dict)
    sources: Mapping[str, tuple[Source, ...]] = field(default_factory=dict)
    books: Mapping[str, Mapping[str, RecordMapping]] = field(default_factory=dict)
    policies: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    policy_versions: Mapping[str, int] = field(default_factory=dict)

    def line(self, number: str, /) -> Line | None:
        """Return the line a PBX means, however it writes the number; None: it is none of ours."""
        return self._lines_by_digits.get("".join(filter(str.isdecimal, number)).lstrip("0"))

    def line_of(self, called: str | None) -> Line:
        """Return the line called; a nameless one if it is none of ours, the only one if the PBX named none."""
        return (self.line(called) or NO_LINE) if called else self._only_line

    def has_agent(self, agent: str, /) -> bool:
        """Say whether `agent` is the id of one of our agents."""
        return agent in self.agents

    def by_extension(self, extension: str, /) -> str | None:
        """Return the agent who sits at an extension."""
        return self._agents_by_extension.get(extension)

    def queue_watchers(self, queue: str, /) -> tuple[str, ...]:
        """Return the agents who watch a queue."""
        return tuple(agent.id for agent in self.agents.values() if queue in agent.queues)

    @cached_property
    def tickets(self) -> TicketPolicy:
        """Return how tickets are handled here."""
        return policy_of(self.policies.get("tickets"))

    @cached_property
    def access(self) -> AccessPolicy:
        """Return whose word narrows what is seen here."""
        return access_policy_of(self.policies.get(ACCESS))

    @cached_property
    def internal(self) -> InternalNumbers:
        """Return the numbers of the house: extensions, staff, lines."""
        staff = [phone for agent in self.agents.values() for phone in self._numbers_of(agent)]
        return InternalNumbers.gather(self.agents.values(), self.lines.values(), staff=staff)

    def _numbers_of(self, agent: Agent) -> Iterable[PhoneNumber]:
        for written in agent.phones:
            try:
                yield normalise(written, line=self._only_line)
            except RequestRefused:
                continue

    @cached_property
    def _only_line(self) -> Line:
        """The line meant when a PBX names none: the only one there is, else a nameless one."""
        return next(iter(self.lines.values())) if len(self.lines) == 1 else NO_LINE

    @cached_property
    def _lines_by_digits(self) -> Mapping[str, Line]:
        found: dict[str, Line] = {}
        for number, line in self.lines.items():
            phone = normalise(number, line=line)
            digits = number.removeprefix("+")
            national = phone.national_digits.lstrip("0")
            found.setdefault(digits, line)
            found.setdefault(national or digits, line)
        return found

    @cached_property
    def _agents_by_extension(self) -> Mapping[str, str]:
        return {extension: agent.id for agent in self.agents.values() for extension in agent.extensions}
