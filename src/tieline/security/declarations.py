"""How a route says which permission it asks for.

A route declares exactly one of the two:

    @router.get("/v1/agents")
    async def list_agents(caller: Annotated[Caller, permit("agents.read")]) -> …

    @router.get("/healthz", dependencies=[public("says only that the process lives")])

What has no dependencies (a mounted application, a plain endpoint) is marked by `declare`. The application refuses to start
while any route declares nothing.
"""

from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeVar

from fastapi import Depends, Request

from tieline.security.permissions import PERMISSIONS, Caller

Endpoint = TypeVar("Endpoint")
DECLARATION: Final = "tieline_declaration"
"""The attribute under which `declare` leaves its mark."""


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
