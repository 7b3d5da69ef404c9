"""One other system that has copies of our tickets: what it can be asked, and how it says what we say."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from tieline.connectors.connection import VendorConnection
from tieline.connectors.contract import Record
from tieline.domain.errors import ConfigRefused, RequestRefused, VendorMisconfigured
from tieline.domain.ticket_hub import SYNCED
from tieline.domain.ticket_link import Value
from tieline.kit.deadline import Deadline
from tieline.mapping.record import RecordMapping
from tieline.services.directory import Directory

ASK_WITHIN_S: Final = 5.0
NEVER_EMPTY: Final = frozenset({"subject", "status", "priority"})
"""Fields of ours that always have a value: a system that shows none tells nothing of them."""

ITS_OWN: Final = frozenset({"due_at", "category"})
"""Fields that are merged only with systems that can be told them."""


@dataclass(frozen=True, slots=True)
class Written:
    """A vendor's tree, the values of ours it holds, and the fields that have no word there."""

    tree: dict[str, Any]
    values: dict[str, Value]
    unsayable: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Spoke:
    """A connection with its mapping of tickets."""

    connection: VendorConnection
    mapping: RecordMapping
    comments: RecordMapping | None = None

    @property
    def name(self) -> str:
        """Return the connection's name."""
        return self.connection.name

    def offers(self, operation: str) -> bool:
        """Say whether it can be asked this."""
        return self.connection.needs(operation) is not None

    async def fetch(self, external_id: str) -> Record | None:
        """Return the vendor's ticket as it stands; None: there is none, or it cannot be read. Raises: ConnectorError."""
        if not self.offers("ticket.get"):
            return None
        found = await self.connection.run("ticket.get", deadline=Deadline.after(ASK_WITHIN_S), ticket_id=external_id)
        return found.records[0] if found.records else None

    async def find(self, external_key: str) -> str | None:
        """Return its id of the ticket we wrote our key into; None: there is none, or no search. Raises: ConnectorError."""
        if not self.offers("ticket.find"):
            return None
        found = await self.connection.run("ticket.find", deadline=Deadline.after(ASK_WITHIN_S), external_id=external_key)
        return str(self.mapping.read(found.records[0])["id"]) if len(found.records) == 1 else None

    def shows(self, record: Record) -> dict[str, Value]:
        """Return what a vendor's ticket says in the fields that are merged, in our words. Raises: VendorBadAnswer."""
        read = self.mapping.read(record)
        told = {name: read.get(name) for name in SYNCED if name in self.mapping.reads and self._is_agreed_on(name)}
        if told.get("tags", ()) is None:
            told["tags"] = ()
        return {name: value for name, value in told.items() if value is not None or name not in NEVER_EMPTY}

    def _is_agreed_on(self, name: str) -> bool:
        """What is only read can be its own: when it escalates, the column a task stands in. There is nothing to agree on."""
        return name not in ITS_OWN or name in self.mapping.writes

    def say(self, name: str, value: Value) -> Value:
        """Return how it would show a value of ours; the value itself where it cannot be both written and read."""
        tree = self._tree(name, value, current={}, is_new=True)
        if not tree:
            return value
        shown = next((field for field in self.mapping.preview(tree) if field.row == name), None)
        if shown is None or shown.outcome == "left_out":
            return value
        return () if name == "tags" and shown.result is None else shown.result

    def write(self, values: Mapping[str, Value], *, current: Record | None, is_new: bool) -> Written:
        """Put values of ours into its words; a field that has none there is left out and named."""
        sayable: dict[str, Value] = {}
        unsayable = []
        for name, value in values.items():
            tree = self._tree(name, value, current=current or {}, is_new=is_new)
            if tree is None:
                unsayable.append(name)
            elif tree:
                sayable[name] = value
        tree = self.mapping.write(sayable, current=current or {}, is_new=is_new) if sayable or is_new else {}
        return Written(tree, sayable, tuple(unsayable))

    def _tree(self, name: str, value: Value, *, current: Record, is_new: bool) -> dict[str, Any] | None:
        """Return what one field comes to: empty if its row does not write it, None if there is no word for it."""
        if name not in self.mapping.writes or (is_new and value is None):
            return {}
        try:
            return self.mapping.write_one(name, value, current=current, is_new=is_new)
        except (ConfigRefused, RequestRefused):
            return None


def spoke_of(directory: Directory, name: str) -> Spoke:
    """Return a connection as a spoke. Raises: VendorMisconfigured: it is not open, or its connector knows no tickets."""
    connection, book = directory.connections.get(name), directory.books.get(name, {})
    if connection is None:
        raise VendorMisconfigured(code="connection_closed")
    if "ticket" not in book:
        raise VendorMisconfigured("the connector has no mapping of tickets", code="operation_not_offered")
    return Spoke(connection, book["ticket"], book.get("comment"))


def systems_with_copies(directory: Directory) -> tuple[str, ...]:
    """Return the connections every new ticket is copied to: those the administrator named, else every source of tickets."""
    named = directory.tickets.systems
    candidates = named if named is not None else tuple(source.name for source in directory.sources.get("ticket", ()))
    return tuple(name for name in candidates if _takes_tickets(directory, name))


def _takes_tickets(directory: Directory, name: str) -> bool:
    """A connection that cannot be opened at the moment takes them later: what is promised to it waits."""
    connection = directory.connections.get(name)
    return connection is None or connection.needs("ticket.create") is not None
