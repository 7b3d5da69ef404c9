"""What any stream can do, whatever the protocol: hand over messages, tell what goes on now, end."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final, Protocol

from tieline.domain.errors import VendorUnavailable

Message = Mapping[str, Any]
MOST_WAITING: Final = 5_000
"""Messages heard and not yet taken. Beyond it we stop reading, until the exchange hangs up on us: better a gap that is
mended than memory without end."""


class StreamLost(VendorUnavailable):
    """The exchange hung up, fell silent or spoke nonsense; what it says until it is dialled again is missed."""

    code = "stream_lost"
    title = "The line to the exchange is lost"


class ExchangeStream(Protocol):
    """An open stream, signed in and subscribed."""

    @property
    def filtered(self) -> bool:
        """Say whether the exchange sends only what was asked for."""

    async def next_messages(self, *, at_most: int) -> list[Message]:
        """Wait for a message and return it with those right behind it. Raises: StreamLost: there will be no more."""

    async def snapshot(self) -> list[Message]:
        """Return what goes on now, in the exchange's words. Raises: StreamLost."""

    async def aclose(self) -> None:
        """Hang up."""


class Waiting:
    """Messages heard and not yet taken, and the word that there will be no more."""

    def __init__(self, *, most: int = MOST_WAITING) -> None:
        self._messages: asyncio.Queue[Message | StreamLost] = asyncio.Queue(most)

    async def put(self, message: Message | StreamLost) -> None:
        """Add one; waits while there are too many."""
        await self._messages.put(message)

    async def take(self, *, at_most: int) -> list[Message]:
        """Return what waits, at least one. Raises: StreamLost: nothing waits, and nothing will come."""
        first = await self._messages.get()
        taken: list[Message] = []
        while not isinstance(first, StreamLost):
            taken.append(first)
            if len(taken) == at_most or self._messages.empty():
                return taken
            first = self._messages.get_nowait()
        await self._messages.put(first)
        if taken:
            return taken
        raise first
