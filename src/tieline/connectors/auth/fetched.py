"""A token that was fetched, put wherever the vendor wants it."""

from collections.abc import Callable
from datetime import datetime

from tieline.connectors.auth.entry import Step
from tieline.connectors.auth.signer import Placer
from tieline.connectors.auth.token import TokenSource
from tieline.connectors.wire.messages import Incoming, Outgoing, Wire
from tieline.kit.deadline import Deadline

Recapture = Callable[[Incoming], str | None]


class FetchedAuth:
    """One sign-in. `recapture` finds a newer token in an answer."""

    renewable = True

    def __init__(self, source: TokenSource, placer: Placer, *, recapture: Recapture | None = None) -> None:
        self._source = source
        self._placer = placer
        self._recapture = recapture

    async def prepare(self, wire: Wire, outgoing: Outgoing, *, deadline: Deadline, refused: frozenset[str] | None) -> None:  # noqa: ARG002 - it holds for any request
        """Fetch a token when there is none, or when the vendor has refused the one we have."""
        await self._source.ready(wire, deadline=deadline, refused=refused or frozenset())

    def sign(self, outgoing: Outgoing, at: datetime) -> list[Step]:  # noqa: ARG002 - it holds at any time
        """Add the token."""
        outgoing.credentials |= {self._source.token}
        return [step._replace(hidden=True, told=False) for step in self._placer.place(outgoing, self._source.values)]

    async def observe(self, incoming: Incoming) -> None:
        """Take a newer token from the answer."""
        newer = self._recapture(incoming) if self._recapture else None
        if newer:
            await self._source.replace(newer)

    @property
    def refusal(self) -> str:
        """The code by which the vendor refused to give a token."""
        return self._source.refusal

    def secrets(self) -> tuple[str, ...]:
        """Return the token in use, and what came with it."""
        return tuple(value for value in self._source.values.values() if value)

    async def aclose(self) -> None:
        """Stop a renewal under way."""
        await self._source.aclose()
