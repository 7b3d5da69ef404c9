"""One event, ready for whoever acts on it, and who that is by its kind."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol
from uuid import UUID

from tieline.domain.event import Event
from tieline.store.database import Transaction

ToldBy = Literal["webhook", "pull"]


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """An event, taken: nothing newer about its object is known.

    `canonical`: the object in our words (the keys of the domain model), empty if the sender told too little for that. `status`:
    in our words, where the object has one. `before`: the status told last, empty if none was. `told_by`: a webhook, or our own
    asking; what we asked for is no occasion to bother a customer with. `cause`: the arrival, None for a pull.
    """

    connection: str
    event: Event
    canonical: Mapping[str, Any]
    status: str | None
    before: str
    told_by: ToldBy
    at: datetime
    cause: UUID | None = None

    @property
    def subject(self) -> str:
        """Name the object from our side: `orders:SO-1`."""
        return f"{self.connection}:{self.event.external_id or ''}"


class Handler(Protocol):
    """Acts on one kind of event, within the transaction that takes it."""

    async def __call__(self, tx: Transaction, news: News) -> None:
        """Act; no vendor is asked here. Raises: ParentMissing: what it is about is not here yet. All else is tried five times."""


@dataclass(frozen=True, slots=True)
class Handlers:
    """Who acts on which kind of event (`order.changed`), in the order they were registered."""

    by_kind: dict[str, list[Handler]] = field(default_factory=dict)

    def register(self, handler: Handler, *kinds: str) -> None:
        """Add a handler for some kinds; once, when the house is built."""
        for kind in kinds:
            self.by_kind.setdefault(kind, []).append(handler)

    async def act(self, tx: Transaction, news: News) -> None:
        """Have everyone act."""
        for handler in self.by_kind.get(news.event.kind, ()):
            await handler(tx, news)
