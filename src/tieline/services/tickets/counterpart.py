"""Who a customer of ours is in another system: by reference, by our index of numbers, by asking that system."""

from typing import Protocol

from tieline.connectors.connection import VendorConnection
from tieline.domain.errors import NotFound, RequestRefused
from tieline.domain.phone_normalise import normalise
from tieline.domain.references import ExternalRef
from tieline.kit.deadline import Deadline
from tieline.services.directory import NO_LINE
from tieline.services.tickets.desk import TicketDesk
from tieline.services.tickets.spoke import ASK_WITHIN_S, Spoke
from tieline.store import identity_of


class Party(Protocol):
    """Somebody as far as we know them: `connection:id`, an E.164 number, both or neither."""

    @property
    def customer_ref(self) -> str | None:
        """Return their reference."""

    @property
    def phone(self) -> str | None:
        """Return their number."""


async def customer_there(desk: TicketDesk, party: Party, there: VendorConnection) -> str | None:
    """Return the id the customer has in a system; None: nobody there is theirs beyond doubt. Raises: ConnectorError."""
    if party.customer_ref is not None:
        ref = ExternalRef.parse(party.customer_ref)
        if ref.connection == there.name:
            return ref.id
    if party.phone is None:
        return None
    async with desk.database.read() as conn:
        known = await identity_of.ids_by_number(conn, party.phone, there.name)
    if len(known) == 1:
        return known[0]
    return await _asked(desk, party.phone, there) if not known else None


async def _asked(desk: TicketDesk, number: str, there: VendorConnection) -> str | None:
    mapping = desk.directory.now.books.get(there.name, {}).get("customer")
    if mapping is None or there.needs("customer.find") is None:
        return None
    try:
        phone = normalise(number, line=NO_LINE)
    except RequestRefused:
        return None
    found = await there.run("customer.find", deadline=Deadline.after(ASK_WITHIN_S), phone=phone)
    ids = {str(mapping.read(record)["id"]) for record in found.records}
    return ids.pop() if len(ids) == 1 else None


def require(spoke: Spoke, customer_id: str | None) -> None:
    """Raises: NotFound: the system makes no ticket without its customer, and nobody there is theirs beyond doubt."""
    if customer_id is None and "customer_id" in (spoke.connection.needs("ticket.create") or frozenset()):
        raise NotFound("Nobody in that system is this customer beyond doubt.", code="customer_unknown_there")
