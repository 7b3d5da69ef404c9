"""What the screen pop works with: one per process."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from tieline.kit.clock import Clock, utc_now
from tieline.security.masking_policy import Policy
from tieline.security.pseudonym import Pseudonyms
from tieline.services.directory import Directory
from tieline.services.flights import AnswerCache
from tieline.services.index_keeper import IndexKeeper
from tieline.services.linkage.agents_said import AgentsSaid
from tieline.services.privacy.children import Children
from tieline.services.privacy.erased import Erased
from tieline.store.database import Database
from tieline.store.journal import Journal
from tieline.store.memory import Memory


class CurrentDirectory(Protocol):
    """Gives the snapshot that holds now."""

    @property
    def now(self) -> Directory:
        """Return the present configuration."""


@dataclass(frozen=True, slots=True)
class PopDesk:
    """Times in milliseconds.

    `deadline_ms` is when a card counts as complete unless its line says otherwise; `late_answer_ms` how long an answer is still
    wanted after that. `guarded`: the actions that ask for a second person.
    """

    database: Database
    memory: Memory
    journal: Journal
    directory: CurrentDirectory
    cache: AnswerCache
    policy: Policy
    pseudonyms: Pseudonyms
    keeper: IndexKeeper
    clock: Clock
    new_pop_id: Callable[[], str]
    deadline_ms: int = 1500
    late_answer_ms: int = 8000
    erased: Erased = field(default_factory=Erased)
    children: Children = field(default_factory=Children)
    guarded: frozenset[str] = frozenset()
    agents_said: AgentsSaid = field(default_factory=lambda: AgentsSaid(utc_now))

    def now(self) -> datetime:
        """Return the present instant."""
        return self.clock()
