"""A wire that remembers what it carried, so that one real run can become an example."""

from typing import NamedTuple

from tieline.connectors.wire.messages import Incoming, Outgoing, Wire
from tieline.kit.deadline import Deadline


class Carried(NamedTuple):
    """One request as it was sent, and the answer."""

    request: Outgoing
    response: Incoming


class TappedWire:
    """Carries over another wire and keeps a copy, in order; an exchange that broke leaves none.

    The other wire is not this one's to close.
    """

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self.carried: list[Carried] = []

    async def send(self, outgoing: Outgoing, *, deadline: Deadline) -> Incoming:
        """Send as the other wire does. Raises: ConnectorError."""
        incoming = await self._wire.send(outgoing, deadline=deadline)
        copy = Outgoing(outgoing.method, outgoing.url, dict(outgoing.headers), outgoing.body)
        self.carried.append(Carried(copy, incoming))
        return incoming

    async def aclose(self) -> None:
        """Leave the other wire open."""
