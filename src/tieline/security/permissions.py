"""What each permission allows, and how a route says which one it asks for.

A route declares exactly one of the two:

    @router.get("/v1/agents")
    async def list_agents(caller: Annotated[Caller, permit("agents.read")]) -> …

    @router.get("/healthz", dependencies=[public("says only that the process lives")])

What has no dependencies (a mounted application, a plain endpoint) is marked by `declare`. The application refuses to start
while any route declares nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeVar

from fastapi import Depends, Request

from tieline.domain.errors import NotAllowed

Endpoint = TypeVar("Endpoint")
DECLARATION: Final = "tieline_declaration"
"""The attribute under which `declare` leaves its mark."""

PERMISSIONS: Final[Mapping[str, str]] = {
    "events.write": "Report call events.",
    "pops.read": "Ask who is calling, and receive the pops meant for oneself.",
    "pops.answer": "Acknowledge a pop, choose among candidates, leave it for review.",
    "desk.open": "Open the agent's page.",
    "calls.route": "Ask who should get a call.",
    "calls.read": "Read a call and why it did or did not pop.",
    "customers.read": "Read a customer and their records; an agent, while they are on the line.",
    "customers.reveal": "Have one masked field of a customer shown, with a reason.",
    "calls.dial": "Have a customer called from one's own telephone.",
    "customer.search": "Look up a customer, or an order, that is in no call of one's own.",
    "agents.read": "List the agents.",
    "agents.any": "See and act for agents other than oneself.",
    "teams.any": "See the figures of teams other than one's own.",
    "calls.wrap_up": "Say how one's own call ended.",
    "orders.refund": "Ask for a refund or return, which freezes the order.",
    "tickets.read": "Read our tickets.",
    "tickets.write": "Open, change and close tickets.",
    "tickets.progress": "Ask how far a ticket is, in words for its customer.",
    "feedback.read": "Read what customers said; an agent, of their own work.",
    "feedback.write": "Record what a customer said.",
    "surveys.read": "Read whom we asked for their opinion, and why not; an agent, of their own work.",
    "surveys.prompt": "Ask whether to ask a caller at the end of a call.",
    "policies.read": "Read the house rules and their versions.",
    "policies.edit": "Change the house rules.",
    "reports.read": "Read the figures; an agent, one's own.",
    "reviews.read": "Read the items that wait for a person.",
    "reviews.decide": "Decide them.",
    "deliveries.read": "Read what other systems could not be told.",
    "deliveries.decide": "Replay it, resolve it, discard it.",
    "connectors.read": "List the systems that can be connected.",
    "connections.read": "List the connected systems and their health.",
    "connections.manage": "Connect, change, verify, pause and remove systems.",
    "mappings.read": "Read the field mappings and their versions.",
    "mappings.edit": "Draft mapping rows and preview them.",
    "mappings.publish": "Put a draft into use, or go back to an earlier version.",
    "audit.read": "Read who asked for whose data.",
    "privacy.export": "Make a copy of everything we keep of one person.",
    "privacy.erase": "Erase one person, and let one come back.",
    "consents.read": "Read what a person agreed to.",
    "consents.write": "Write down what a person agreed to, or took back.",
    "subscriptions.manage": "Have other systems told what happens.",
    "keys.manage": "Create, list and revoke API keys.",
    "sessions.end": "See where one is signed in, and end it; whoever manages keys, anybody's.",
    "metrics.read": "Read the metrics.",
    "docs.read": "Read the description of the interface.",
}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is asking.

    `actor` names them in the audit (`agent:1001`, `key:k3v9…`, `demo`). `scopes` are the permissions they hold.
    `agent` is set when a person, or a key bound to one, is asking; None means a machine that speaks for no one in particular.
    """

    actor: str
    role: str
    scopes: frozenset[str]
    agent: str | None = None

    def may(self, permission: str) -> bool:
        """Say whether the caller holds `permission`."""
        return permission in self.scopes

    def require(self, permission: str) -> None:
        """Raises: NotAllowed: the caller lacks `permission` (code `scope_missing` for a key, `forbidden` for a person)."""
        if permission not in self.scopes:
            raise NotAllowed(code="scope_missing" if self.role == "service" else "forbidden")

    def speaks_for(self, agent: str) -> bool:
        """Say whether the caller may see and do what concerns `agent`."""
        return self.agent in (None, agent) or "agents.any" in self.scopes


class Gate(Protocol):
    """Turns a request into a caller; installed as `app.state.gate`."""

    async def caller_of(self, request: Request) -> Caller:
        """Say who asks. Raises: NotSignedIn: nobody we know. BodyMalformed: credentials in the wrong place."""


@dataclass(frozen=True, slots=True)
class Permit:
    """The dependency behind `permit`. Two of the same permission on one route are asked once."""

    permission: str

    def __post_init__(self) -> None:
        if self.permission not in PERMISSIONS:
            message = f"unknown permission {self.permission!r}"
            raise ValueError(message)

    async def __call__(self, request: Request) -> Caller:
        """Let the caller pass, or raise as `Gate.caller_of` and `Caller.require` do."""
        caller = await known_caller(request)
        caller.require(self.permission)
        return caller


@dataclass(frozen=True, slots=True)
class Public:
    """The dependency behind `public`: no one is asked who they are, and `reason` says why that is right."""

    reason: str

    def __post_init__(self) -> None:
        if not self.reason:
            message = "a public route says why"
            raise ValueError(message)

    async def __call__(self) -> None:
        """Let everyone pass."""


async def known_caller(request: Request) -> Caller:
    """Return who asks, found once per request."""
    found: Caller | None = request.scope.get("tieline.caller")
    if found is None:
        gate: Gate = request.app.state.gate
        found = await gate.caller_of(request)
        request.scope["tieline.caller"] = found
    return found


def permit(permission: str) -> Any:  # noqa: ANN401 - FastAPI's own Depends is untyped
    """Declare that a route needs `permission`; as an annotation it hands over the `Caller`."""
    return Depends(Permit(permission))


def public(reason: str) -> Any:  # noqa: ANN401 - FastAPI's own Depends is untyped
    """Declare that a route is open to everyone, and why."""
    return Depends(Public(reason))


def declare(endpoint: Endpoint, declaration: Public) -> Endpoint:
    """Mark something public that takes no dependencies: a mounted application, a plain endpoint."""
    vars(endpoint)[DECLARATION] = declaration
    return endpoint
