"""A vendor that keeps a ledger, and a desk that delivers to it: what the outside would see, counted exactly."""

import uuid
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from tests.delivery.test_promise import NOW, effect

from tieline.connectors.contract import Outcome, Result
from tieline.connectors.wire.limits import Priority
from tieline.domain.delivery import Delivered, Delivery, Effect, Footing, GivenUp, Tier
from tieline.kit.clock import monotonic_s, utc_now
from tieline.kit.deadline import Deadline
from tieline.services.delivery import carrying
from tieline.services.delivery.desk import DeliveryDesk
from tieline.services.delivery.drain import Drain
from tieline.services.delivery.promise import promise
from tieline.services.delivery.sinks import Sinks
from tieline.store import deliveries
from tieline.store.database import Database, Transaction
from tieline.worker.edge import catch

Answer = Callable[[], Awaitable[None]]
__all__ = ["NOW", "Books", "Vendor", "World", "effect"]


@dataclass
class Vendor:
    """`effects` counts what came about, by key. `says` runs before an answer leaves; what it raises, the caller hears."""

    tier: Tier = "T1"
    index_lag: timedelta = timedelta(seconds=60)
    effects: Counter[str] = field(default_factory=Counter)
    told: list[tuple[str, Any]] = field(default_factory=list)
    looks: int = 0
    before: list[Exception | None] = field(default_factory=list)
    after: list[Exception | None] = field(default_factory=list)
    blind: bool = False
    outcome: Outcome = "ok"
    priorities: list[str] = field(default_factory=list)

    def footing(self, _operation: str) -> Footing:
        return Footing(self.tier, self.index_lag)

    async def send(self, operation: str, *, deadline: Deadline, priority: Priority, inputs: Mapping[str, Any]) -> Result:
        del deadline
        self.priorities.append(priority)
        self._fail(self.before)
        key = str(inputs["idempotency_key"])
        self.told.append((operation, dict(inputs)))
        if self.tier != "T1" or not self.effects[key]:
            self.effects[key] += 1
        self._fail(self.after)
        return Result(self.outcome, external_id=f"v-{key[-4:]}", external_url="https://vendor.test/1")

    async def look(
        self, operation: str, *, inputs: Mapping[str, Any], deadline: Deadline, priority: Priority
    ) -> Delivered | None:
        del operation, deadline, priority
        key = str(inputs["idempotency_key"])
        self.looks += 1
        self._fail(self.before)
        if self.blind or not self.effects[key]:
            return None
        return Delivered(external_id=f"v-{key[-4:]}", how="found")

    @staticmethod
    def _fail(errors: list[Exception | None]) -> None:
        error = errors.pop(0) if errors else None
        if error is not None:
            raise error


@dataclass
class Books:
    """The owner of the objects: notes every end, and can be made to stumble."""

    done: list[tuple[UUID, Delivered]] = field(default_factory=list)
    lost: list[tuple[UUID, GivenUp]] = field(default_factory=list)
    stumbles: list[Exception] = field(default_factory=list)
    needless: bool = False
    refuses: list[Exception] = field(default_factory=list)

    async def prepare(self, delivery: Delivery) -> Mapping[str, Any] | None:
        if self.refuses:
            raise self.refuses.pop(0)
        return None if self.needless else {"record": dict(delivery.inputs)}

    async def delivered(self, tx: Transaction, delivery: Delivery, result: Delivered) -> None:
        del tx
        if self.stumbles:
            raise self.stumbles.pop(0)
        self.done.append((delivery.id, result))

    async def given_up(self, tx: Transaction, delivery: Delivery, reason: GivenUp) -> None:
        del tx
        self.lost.append((delivery.id, reason))


TABLES: Final = "deliveries"


@dataclass
class World:
    """A database, a vendor and a worker."""

    database: Database
    vendor: Vendor = field(default_factory=Vendor)
    books: Books = field(default_factory=Books)
    chance: float = 1.0
    drain: Drain = field(default_factory=lambda: Drain(monotonic_s, per_s=1000))
    desk: DeliveryDesk = field(init=False)

    def __post_init__(self) -> None:
        self.desk = DeliveryDesk(
            self.database,
            Sinks({"ticket": self.books}),
            outlet=lambda _name: self.vendor,
            drain=self.drain,
            chance=lambda: self.chance,
            worker=f"worker-{uuid.uuid4().hex[:6]}",
            clock=utc_now,
        )

    async def promise(self, number: int = 1, **changed: object) -> UUID:
        wanted: Effect = effect(number, **changed)
        async with self.database.begin() as tx:
            return await promise(tx, wanted, now=NOW)

    async def carry(self, number: int = 1) -> int:
        """Do what a job does for one order."""
        return await carrying.carry(self.desk, "helpdesk", [f"ticket:t-{number}"], has_turn=True, catch=catch)

    async def find(self, delivery_id: UUID) -> Delivery:
        async with self.database.read() as conn:
            found = await deliveries.find(conn, delivery_id)
        assert found is not None
        return found

    async def let_pass(self, span: timedelta) -> None:
        """Let time go by, as far as deliveries can tell."""
        async with self.database.pool.connection() as connection:
            for column in ("due_at", "state_at", "sent_at", "absent_at", "first_tried_at", "woken_at"):
                await connection.execute(f"UPDATE deliveries SET {column} = {column} - %s".encode(), (span,))  # noqa: S608 - ours

    async def rows(self, query: str) -> list[tuple[Any, ...]]:
        async with self.database.pool.connection() as connection:
            return await (await connection.execute(query.encode())).fetchall()
