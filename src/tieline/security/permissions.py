"""What each permission allows, and who is asking."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from tieline.domain.errors import NotAllowed, StepUpRequired
from tieline.security.rights import rights

FRESH: Final = timedelta(minutes=15)
"""For what is delicate, a person must have shown within this time who they are."""

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
