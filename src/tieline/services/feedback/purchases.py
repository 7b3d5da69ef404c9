"""What whoever said something had bought, and where they are from: asked of the systems that know orders and customers.

The order is the one their ticket names, else the last they placed before they spoke, at most ninety days before. Asked outside of
any transaction, once for each answer; a system that cannot be reached is asked again within the day.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, Literal
from uuid import UUID

import structlog

from tieline.connectors.connection import VendorConnection
from tieline.domain.errors import ConnectorError
from tieline.domain.feedback import Feedback
from tieline.domain.phone_normalise import normalise
from tieline.kit.deadline import Deadline
from tieline.mapping.record import RecordMapping
from tieline.services.directory import NO_LINE
from tieline.services.tickets.counterpart import customer_there
from tieline.services.tickets.desk import TicketDesk
from tieline.store import feedback, tickets
from tieline.store.feedback import KnownFeedback

LOOKED_FOR: Final = timedelta(days=1)
BOUGHT_WITHIN: Final = timedelta(days=90)
AT_ONCE: Final = 50
ASK_WITHIN_S: Final = 3.0
MOST_PRODUCTS: Final = 20
LONGEST_NAME: Final = 100
log = structlog.get_logger()
Basis = Literal["ticket", "last_order"]


@dataclass(frozen=True, slots=True)
class Purchase:
    """What was found. `basis`: why it is this order; None: there is none, and no products either."""

    order: str | None = None
    products: tuple[str, ...] = ()
    basis: Basis | None = None
    region: str | None = None

    def document(self) -> dict[str, Any]:
        """Return it as it is kept."""
        return {"order": self.order, "products": list(self.products), "basis": self.basis, "region": self.region}


@dataclass(frozen=True, slots=True)
class _System:
    """A system that tells of orders or customers, and how its records are read."""

    connection: VendorConnection
    mapping: RecordMapping

    async def ask(self, operation: str, **inputs: object) -> Sequence[Mapping[str, Any]]:
        """Return the records, read. Raises: ConnectorError."""
        answer = await self.connection.run(operation, deadline=Deadline.after(ASK_WITHIN_S), priority="bulk", **inputs)
        return [self.mapping.read(record) for record in answer.records]


async def waiting(desk: TicketDesk, now: datetime) -> Sequence[UUID]:
    """Return the answers of somebody known whose purchase nobody asked about yet, the oldest first."""
    if not _systems(desk, "order") and not _systems(desk, "customer"):
        return ()
    async with desk.database.read() as conn:
        return await feedback.without_purchase(conn, received_after=now - LOOKED_FOR, limit=AT_ONCE)


async def join(desk: TicketDesk, feedback_id: UUID) -> bool:
    """Ask about one, and keep what is said; False: it is gone, or a system does not answer now and is to be asked again."""
    async with desk.database.read() as conn:
        known = await feedback.find(conn, feedback_id)
        about = await tickets.find(conn, known.ticket_id) if known and known.ticket_id else None
    if known is None:
        return False
    try:
        found = await _ordered(desk, known, about.order_number if about else None)
        found = replace(found, region=await _region(desk, known))
    except ConnectorError as exc:
        if exc.kind == "transient":
            return False
        log.warning("purchase.not_told", code=exc.code)
        found = Purchase()
    async with desk.database.begin() as tx:
        await feedback.note_purchase(tx, feedback_id, found.document())
    return True


async def _ordered(desk: TicketDesk, known: KnownFeedback, number: str | None) -> Purchase:
    for system in _systems(desk, "order"):
        if number is not None:
            found = await _named(system, number)
            basis: Basis = "ticket"
        else:
            found, basis = await _last_before(desk, system, known), "last_order"
        if found is not None:
            return Purchase(found.get("number"), _products(found), basis)
    return Purchase()


async def _named(system: _System, number: str) -> Mapping[str, Any] | None:
    if "number" not in system.connection.takes("order.get"):
        return None
    return next((one for one in await system.ask("order.get", number=number) if one.get("number") == number), None)


async def _last_before(desk: TicketDesk, system: _System, known: KnownFeedback) -> Mapping[str, Any] | None:
    takes = system.connection.takes("order.list")
    inputs: dict[str, object] = {}
    if "customer_id" in takes and (there := await customer_there(desk, known, system.connection)) is not None:
        inputs["customer_id"] = there
    if "phone" in takes and known.phone is not None:
        inputs["phone"] = normalise(known.phone, line=NO_LINE)
    if not (system.connection.needs("order.list") or frozenset()) <= inputs.keys() or not inputs:
        return None
    placed = [(one["placed_at"], one) for one in await system.ask("order.list", **inputs) if one.get("placed_at")]
    fitting = [(at, one) for at, one in placed if _is_before(at, known.feedback)]
    return max(fitting, key=lambda pair: pair[0])[1] if fitting else None


def _is_before(placed_at: datetime, said: Feedback) -> bool:
    return said.at - BOUGHT_WITHIN <= placed_at <= said.at


def _products(order: Mapping[str, Any]) -> tuple[str, ...]:
    named = (str(name).strip()[:LONGEST_NAME] for name in order.get("products") or ())
    return tuple(dict.fromkeys(name for name in named if name))[:MOST_PRODUCTS]


async def _region(desk: TicketDesk, known: KnownFeedback) -> str | None:
    for system in _systems(desk, "customer"):
        if "customer_id" not in system.connection.takes("customer.get"):
            continue
        there = await customer_there(desk, known, system.connection)
        profiles = await system.ask("customer.get", customer_id=there) if there is not None else ()
        region = next((one["region"] for one in profiles if one.get("region")), None)
        if region is not None:
            return str(region)[:LONGEST_NAME]
    return None


def _systems(desk: TicketDesk, record: str) -> list[_System]:
    """Return the systems that tell of orders or customers, the most trusted first."""
    directory = desk.directory.now
    names = [source.name for source in directory.sources.get(record, ())]
    found = ((directory.connections.get(name), directory.books.get(name, {}).get(record)) for name in names)
    return [_System(connection, mapping) for connection, mapping in found if connection is not None and mapping is not None]
