"""What any connection can be asked, whatever vendor stands behind it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from tieline.kit.deadline import Deadline

Record = Mapping[str, Any]
Outcome = Literal[
    "ok",
    "not_found",
    "ambiguous",
    "partial",
    "conflict",
    "duplicate",
    "auth_expired",
    "throttled",
    "transient",
    "permanent",
    "config",
    "unknown",
]


@dataclass(frozen=True, slots=True)
class Capability:
    """One thing a connection can be asked. `record` is the canonical kind that comes back or is sent."""

    name: str
    record: str
    writes: bool = False


CAPABILITIES: Mapping[str, Capability] = {
    capability.name: capability
    for capability in (
        Capability("customer.find", "customer"),
        Capability("customer.get", "customer"),
        Capability("customer.search", "customer"),
        Capability("order.list", "order"),
        Capability("order.get", "order"),
        Capability("ticket.list", "ticket"),
        Capability("ticket.get", "ticket"),
        Capability("account.get", "account"),
        Capability("system.ping", "none"),
        Capability("ticket.create", "ticket", writes=True),
        Capability("ticket.update", "ticket", writes=True),
        Capability("ticket.comment", "comment", writes=True),
        Capability("order.hold", "order", writes=True),
        Capability("call.originate", "call", writes=True),
    )
}

# What a caller may pass to `run`, and the parts a manifest may refer to; an input without parts is a plain value.
INPUTS: Mapping[str, frozenset[str]] = {
    "phone": frozenset({"e164", "national", "digits", "raw", "extension", "country"}),
    **dict.fromkeys(
        ("customer_id", "number", "email", "name", "ticket_id", "order_id", "text", "agent", "to", "call_id", "cursor", "since"),
        frozenset[str](),
    ),
}


@dataclass(frozen=True, slots=True)
class Result:
    """What one operation brought back. `not_found` has no records and is no error; `truncated` means a page cap cut the list."""

    outcome: Outcome
    records: tuple[Record, ...] = ()
    as_of: datetime | None = None
    took_ms: int = 0
    truncated: bool = False
    external_id: str | None = None
    external_url: str | None = None
    pages: int = 1
    attempts: int = field(default=1)


class Connection(Protocol):
    """One authorised, configured use of a connector."""

    @property
    def name(self) -> str:
        """The administrator's name for it, as in `crm`."""

    def needs(self, operation: str) -> frozenset[str] | None:
        """Say which inputs the operation cannot do without (`phone`, `customer_id`, `record` …); None: it is not declared."""

    def takes(self, operation: str) -> frozenset[str]:
        """Say which inputs the operation refers to at all; none if it is not declared."""

    async def run(self, operation: str, *, deadline: Deadline, **inputs: Any) -> Result:  # noqa: ANN401 - inputs are the manifest's
        """Ask the vendor. Raises: ConnectorError: any outcome other than ok, partial or not_found."""
