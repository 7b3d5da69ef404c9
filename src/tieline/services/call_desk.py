"""What call intake works with: one per process."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID

from tieline.domain.agent_directory import AgentDirectory
from tieline.domain.agent_event import AgentEvent
from tieline.domain.call_age import CallPolicy
from tieline.domain.interaction import Interaction
from tieline.domain.pop_order import PopOrder
from tieline.services.exchange_clocks import ExchangeClocks
from tieline.store.database import Database, Transaction


class CurrentDirectory(Protocol):
    """Gives the snapshot that holds now."""

    @property
    def now(self) -> AgentDirectory:
        """Return the present configuration."""


Present = Callable[[PopOrder], None]
"""Takes an order for a card up, after the commit; returns at once. What it never hears of, the sweeper finds."""

Announce = Callable[[AgentEvent, Transaction], Awaitable[object]]
"""Publishes an event to an agent within the transaction; used for what is told as it stands, the withdrawal of a card."""


class Write(Protocol):
    """Promises a call that is over to whoever keeps calls, within the transaction that ends it."""

    async def __call__(self, tx: Transaction, interaction_id: UUID, story: Interaction, /, *, now: datetime) -> None:
        """Promise it; the same again is the same promise."""


async def write_nowhere(_tx: Transaction, _interaction_id: UUID, _story: Interaction, *, now: datetime) -> None:
    """Promise nothing: no system keeps calls."""
    del now


@dataclass(frozen=True, slots=True)
class CallDesk:
    """The database, who sits where, the two ways to an agent's screen, and who is told of calls that are over.

    `write` is told after every event, `settled` once it is decided what the call came to.
    """

    database: Database
    directory: CurrentDirectory
    present: Present
    announce: Announce
    policy: CallPolicy = field(default_factory=CallPolicy)
    clocks: ExchangeClocks = field(default_factory=ExchangeClocks)
    write: Write = write_nowhere
    settled: Write = write_nowhere
