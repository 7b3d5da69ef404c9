"""Who owns what is delivered: asked for the newest content before it is sent, told of the end in the same transaction."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from tieline.domain.delivery import Delivered, Delivery, GivenUp
from tieline.store.database import Transaction

Inputs = Mapping[str, Any]
"""What `connection.run` is given, as a JSON document: `record`, `ticket_id`, `external_id` …"""


class Sink(Protocol):
    """The owner of one kind of object (`ticket`, `call_log`, `feedback`)."""

    async def prepare(self, delivery: Delivery) -> Inputs | None:
        """Return what the vendor is to be told, as things stand now; None: there is nothing left to tell.

        Called outside a transaction and without a connection of the pool held, because an owner may ask the vendor first; before
        each sending but one that repeats what may have arrived already: that must be the same. The delivery's key goes along as
        `idempotency_key`, and as `external_id` unless something else is given for it.
        Raises: TielineError: permanent kinds end the delivery; anything else unforeseen is tried five times.
        """

    async def delivered(self, tx: Transaction, delivery: Delivery, result: Delivered) -> None:
        """Take note that it is done. What this writes commits together with the delivery's end, or not at all."""

    async def given_up(self, tx: Transaction, delivery: Delivery, reason: GivenUp) -> None:
        """Take note that it will not come about by itself. It may still be delivered later, by a replay or by hand."""


Watcher = Callable[[Transaction, Delivery], Awaitable[None]]
"""Hears, within the transaction that ends a claim, that a delivery stands differently. `delivery` is as it was claimed."""


@dataclass(frozen=True, slots=True)
class Sinks:
    """The owners by the kind of their objects, and who watches how those get on."""

    by_kind: dict[str, Sink] = field(default_factory=dict)
    watchers: dict[str, Watcher] = field(default_factory=dict)

    def register(self, kind: str, sink: Sink) -> None:
        """Say who owns a kind; once, when the house is built."""
        if kind in self.by_kind:
            message = f"{kind} has an owner"
            raise ValueError(message)
        self.by_kind[kind] = sink

    def of(self, delivery: Delivery) -> Sink:
        """Return the owner. Raises: KeyError: nobody owns that kind, which is a fault of ours."""
        return self.by_kind[delivery.object_kind]

    def watch(self, kind: str, watcher: Watcher) -> None:
        """Have every end of a claim on deliveries of a kind told: delivered, put back, waiting for a person."""
        self.watchers[kind] = watcher

    async def moved(self, tx: Transaction, delivery: Delivery) -> None:
        """Tell whoever watches; most kinds nobody does."""
        watcher = self.watchers.get(delivery.object_kind)
        if watcher is not None:
            await watcher(tx, delivery)
