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
from datetime import datetime, timedelta
from typing import Any, Final, Protocol, TypeVar

from fastapi import Depends, Request

from tieline.domain.errors import NotAllowed, StepUpRequired
from tieline.security.rights import rights

Endpoint = TypeVar("Endpoint")
FRESH: Final = timedelta(minutes=15)
"""For what is delicate, a person must have shown within this time who they are."""
DECLARATION: Final = "tieline_declaration"
"""The attribute under which `declare` leaves its mark."""

PERMISSIONS: Final[Mapping[str, str]] = rights().says["action"]
"""Every permission and what it allows, as `rights.csv` has them."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is asking.

    `actor` names them in the audit (`agent:1001`, `key:k3v9…`, `demo`). `scopes` are the permissions they hold.
    `agent` is set when a person, or a key bound to one, is asking; None means a machine that speaks for no one in particular.
    `proved_at` is when a person last showed who they are; None: never, or nobody says.
    """

    actor: str
    role: str
    scopes: frozenset[str]
    agent: str | None = None
    proved_at: datetime | None = None

    @property
    def person(self) -> str:
        """Return who is behind it, the same for their session and their keys: `agent:1001`; else the actor."""
        return self.actor if self.agent is None else f"agent:{self.agent}"

    def may(self, permission: str) -> bool:
        """Say whether the caller holds `permission`."""
        return permission in self.scopes

    def require(self, permission: str) -> None:
        """Raises: NotAllowed: the caller lacks `permission` (code `scope_missing` for a key, `forbidden` for a person)."""
        if permission not in self.scopes:
            raise NotAllowed(code="scope_missing" if self.role == "service" else "forbidden")

    def require_fresh(self, now: datetime) -> None:
        """Raises: StepUpRequired: they did not show who they are within the last `FRESH`."""
        if self.proved_at is None or now - self.proved_at > FRESH:
            raise StepUpRequired(max_age_s=int(FRESH.total_seconds()))

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
