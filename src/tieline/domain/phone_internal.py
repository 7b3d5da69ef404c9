"""Who belongs to the house: extensions, staff numbers and our own lines are never customers."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from tieline.domain.agent import Agent
from tieline.domain.line import Line
from tieline.domain.phone import PhoneNumber


@dataclass(frozen=True, slots=True)
class InternalNumbers:
    """Extensions as digits; staff numbers and lines as E.164."""

    extensions: frozenset[str] = frozenset()
    staff: frozenset[str] = frozenset()
    lines: frozenset[str] = frozenset()

    @classmethod
    def gather(cls, agents: Iterable[Agent], lines: Iterable[Line], *, staff: Iterable[PhoneNumber] = ()) -> Self:
        """Collect from the directory; `staff` are the agents' own numbers, already normalised."""
        return cls(
            extensions=frozenset(extension for agent in agents for extension in agent.extensions),
            staff=frozenset(phone.e164 for phone in staff if phone.e164),
            lines=frozenset(line.number for line in lines),
        )

    def hold(self, phone: PhoneNumber) -> bool:
        """Say whether this number is one of ours, by directory and not by length."""
        return phone.raw in self.extensions or (phone.e164 is not None and (phone.e164 in self.staff or phone.e164 in self.lines))
