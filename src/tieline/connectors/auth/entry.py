"""What every kind of credentials can do, and a list of them as one: the chain that signs a request from top to bottom."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

import structlog

from tieline.connectors.wire.messages import Incoming, Outgoing, Wire
from tieline.domain.errors import ConnectorError
from tieline.kit.clock import Clock
from tieline.kit.deadline import Deadline

log = structlog.get_logger(__name__)


class Step(NamedTuple):
    """One value put into the request, or worked out for it. `hidden`: neither it nor what holds it may be shown.

    `told`: it is a step of a signature, which whoever tries the connection out wants to follow; a token alone is none.
    """

    name: str
    text: str
    hidden: bool
    told: bool = True

    def __repr__(self) -> str:
        return f"<{self.name}>"


class Entry(Protocol):
    """One entry of `auth`."""

    @property
    def renewable(self) -> bool:
        """Whether asking again can help when the vendor calls the credentials expired."""

    async def prepare(self, wire: Wire, outgoing: Outgoing, *, deadline: Deadline, refused: frozenset[str] | None) -> None:
        """Make sure that `sign` can work; `refused`: the `credentials` just turned down, None for a first attempt."""

    def sign(self, outgoing: Outgoing, at: datetime) -> list[Step]:
        """Add the credentials to a request that is otherwise complete."""

    async def observe(self, incoming: Incoming) -> None:
        """Look at an answer, which may carry what the next request needs."""

    @property
    def refusal(self) -> str:
        """The code by which the vendor turned these credentials down; empty: it did not, as far as is known."""

    def secrets(self) -> tuple[str, ...]:
        """Return everything secret that may now stand in a request, for redaction."""

    async def aclose(self) -> None:
        """Stop renewing."""


class Still:
    """Credentials that never change: nothing to prepare, to observe or to close."""

    @property
    def renewable(self) -> bool:
        """Asking again changes nothing."""
        return False

    async def prepare(self, wire: Wire, outgoing: Outgoing, *, deadline: Deadline, refused: frozenset[str] | None) -> None:
        """Nothing to do."""

    async def observe(self, incoming: Incoming) -> None:
        """Nothing to do."""

    @property
    def refusal(self) -> str:
        """Only an answer to a request of its own could tell."""
        return ""

    def secrets(self) -> tuple[str, ...]:
        """Nothing but what the configuration holds."""
        return ()

    async def aclose(self) -> None:
        """Nothing to do."""


class Chain:
    """The entries of one scheme, in order. An attempt has one moment, which all of them sign."""

    def __init__(self, entries: Sequence[Entry], clock: Clock) -> None:
        self.entries = tuple(entries)
        self._clock = clock

    @property
    def renewable(self) -> bool:
        """Say whether another attempt may be signed by other credentials."""
        return any(entry.renewable for entry in self.entries)

    @property
    def refusal(self) -> str:
        """The code of the first refusal among the entries."""
        return next((entry.refusal for entry in self.entries if entry.refusal), "")

    async def prepare(self, wire: Wire, outgoing: Outgoing, *, deadline: Deadline, refused: frozenset[str] | None = None) -> None:
        """Make every entry ready. Raises: ConnectorError."""
        for entry in self.entries:
            await entry.prepare(wire, outgoing, deadline=deadline, refused=refused)

    def sign(self, outgoing: Outgoing) -> list[Step]:
        """Let every entry add its credentials. Raises: VendorMisconfigured: one cannot be sent."""
        at = self._clock()
        return [step for entry in self.entries for step in entry.sign(outgoing, at)]

    async def send(self, wire: Wire, outgoing: Outgoing, *, deadline: Deadline) -> Incoming:
        """Send a request of our own under these credentials. Raises: ConnectorError."""
        await self.prepare(wire, outgoing, deadline=deadline)
        self.sign(outgoing)
        incoming = await wire.send(outgoing, deadline=deadline)
        await self.observe(incoming)
        return incoming

    async def observe(self, incoming: Incoming) -> None:
        """Show an answer to every entry; that nothing could be kept of it takes nothing away from the answer to a write."""
        for entry in self.entries:
            try:
                await entry.observe(incoming)
            except ConnectorError as exc:
                log.warning("credentials.not_kept", code=exc.code)

    def secrets(self) -> tuple[str, ...]:
        """Return what every entry hides."""
        return tuple(secret for entry in self.entries for secret in entry.secrets())

    async def aclose(self) -> None:
        """Stop renewing."""
        for entry in self.entries:
            await entry.aclose()
