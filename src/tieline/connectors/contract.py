"""What any connection can be asked, whatever vendor stands behind it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol

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
        Capability("customer.changed", "customer"),
        Capability("customer.create", "customer", writes=True),
        Capability("customer.update", "customer", writes=True),
        Capability("order.list", "order"),
        Capability("order.get", "order"),
        Capability("order.changed", "order"),
        Capability("order.hold", "order", writes=True),
        Capability("order.release", "order", writes=True),
        Capability("invoice.list", "invoice"),
        Capability("contract.list", "contract"),
        Capability("account.get", "account"),
        Capability("ticket.list", "ticket"),
        Capability("ticket.get", "ticket"),
        Capability("ticket.find", "ticket"),
        Capability("ticket.changed", "ticket"),
        Capability("ticket.create", "ticket", writes=True),
        Capability("ticket.update", "ticket", writes=True),
        Capability("ticket.comment", "comment", writes=True),
        Capability("ticket.comments", "comment"),
        Capability("call.list", "call"),
        Capability("call.get", "call"),
        Capability("recording.get", "recording"),
        Capability("call.log", "call", writes=True),
        Capability("call.log_update", "call", writes=True),
        Capability("call.originate", "call", writes=True),
        Capability("call.hangup", "call", writes=True),
        Capability("agent.list", "agent"),
        Capability("feedback.list", "feedback"),
        Capability("feedback.log", "feedback", writes=True),
        Capability("text.classify", "understanding"),
        Capability("message.send", "message", writes=True),
        Capability("message.status", "message"),
        Capability("event.subscribe", "subscription", writes=True),
        Capability("event.renew", "subscription", writes=True),
        Capability("event.unsubscribe", "subscription", writes=True),
        Capability("system.ping", "none"),
    )
}
"""`ticket.find` looks for one of ours by the key we wrote into it (`$in.external_id`); `….changed` brings what changed since
`$in.since`, oldest first. What is sent or brought as `subscription` is used as the vendor gave it, without a mapping;
`recording.get` brings an address (`external_url`), which may run out and is asked for when somebody listens."""

UNMAPPED: frozenset[str] = frozenset({"none", "subscription", "recording"})

READS_AGAIN: Mapping[str, tuple[str, ...]] = {
    "ticket": ("ticket.get",),
    "comment": ("ticket.comments", "ticket.get"),
    "customer": ("customer.get",),
    "order": ("order.get",),
    "invoice": ("invoice.list",),
    "contract": ("contract.list",),
    "feedback": ("feedback.list",),
    "message": ("message.status",),
    "recording": ("recording.get", "call.get"),
    "agent": ("agent.list",),
}
"""Which operation reads the object of an event that only names it; the first a connection offers."""

# What a caller may pass to `run`, and the parts a manifest may refer to; an input without parts is a plain value.
INPUTS: Mapping[str, frozenset[str]] = {
    "phone": frozenset(
        [
            "e164",
            "digits",
            "international",
            "national",
            "trunk",
            "national_extension",
            "calling_code",
            "country",
            "extension",
            "raw",
        ]
    ),
    **dict.fromkeys(("customer_id", "ticket_id", "order_id", "call_id", "subscription_id", "external_id"), frozenset[str]()),
    **dict.fromkeys(("number", "email", "name", "social", "text", "agent", "to", "callback_url"), frozenset[str]()),
    **dict.fromkeys(("version", "idempotency_key", "cursor", "since", "until"), frozenset[str]()),
}

MOMENTS: frozenset[str] = frozenset(["since", "until"])
"""The inputs that are moments; `$time` writes one the way the vendor wants it."""


Tier = Literal["T1", "T2", "T3"]
"""How a doubtful write may be repeated. T1: freely, it carries our key or changes nothing twice. T2: after it was read back and
not found. T3: only when it was certainly not sent; otherwise a person must look."""


@dataclass(frozen=True, slots=True)
class ItemResult:
    """What became of one of several things sent together: its place from 0, and the vendor's id if it was made."""

    position: int
    outcome: Outcome
    external_id: str | None = None


class Result(NamedTuple):
    """What one operation brought back. `not_found` has no records and is no error; `truncated` means a page cap cut the list.

    `items` are the verdicts inside the answer to a write of several things; with `partial` some of them were refused.
    """

    outcome: Outcome
    records: tuple[Record, ...] = ()
    took_ms: int = 0
    truncated: bool = False
    external_id: str | None = None
    external_url: str | None = None
    pages: int = 1
    attempts: int = 1
    items: tuple[ItemResult, ...] = ()


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
