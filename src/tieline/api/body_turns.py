"""Bodies of one connection are read within its own bounds, a few at a time, so that a flood at one door leaves the others open.

What has not proven itself yet may be anybody's. A sender whose turn it is not is told to come again: 503 and `Retry-After`,
which every sender repeats, and never 429, which some give up on.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from fastapi import Request
from starlette.exceptions import HTTPException

from tieline.connectors.manifest.inbound import Bodies
from tieline.domain.errors import NotFound, Overloaded
from tieline.observability.metrics import WEBHOOKS
from tieline.services.house import House

TOO_LARGE: Final = 413


class BodyTurns:
    """Counts the bodies being read, by connection. One per process."""

    def __init__(self) -> None:
        self._reading: Counter[str] = Counter()

    @contextmanager
    def turn(self, connection: str, at_once: int) -> Iterator[None]:
        """Take a turn at reading. Raises: Overloaded: so many bodies of this connection are being read already."""
        if self._reading[connection] >= at_once:
            WEBHOOKS.labels(connection, "shed").inc()
            raise Overloaded("Too many bodies of this connection are on their way.", code="bodies_at_once")
        self._reading[connection] += 1
        try:
            yield
        finally:
            self._reading[connection] -= 1
            if not self._reading[connection]:
                del self._reading[connection]


@dataclass(frozen=True, slots=True)
class BodyReader:
    """Reads bodies for one door."""

    house: House
    turns: BodyTurns

    async def read(self, request: Request, connection: str) -> bytes:
        """Return a request's body, whole.

        Raises: NotFound: no such connection; nothing is read for it. Overloaded: too many are being read. HTTPException: 413, at
        the first sign that it is larger than the connection may send.
        """
        bounds = self._bounds_of(connection)
        if not _has_body(request):
            return b""
        with self.turns.turn(connection, bounds.at_once):
            return await _within(request, bounds.most_bytes)

    def _bounds_of(self, name: str) -> Bodies:
        connection = self.house.directory.now.connections.get(name)
        if connection is None:
            raise NotFound
        return connection.bodies


def _has_body(request: Request) -> bool:
    return "transfer-encoding" in request.headers or request.headers.get("content-length", "0") != "0"


async def _within(request: Request, most_bytes: int | None) -> bytes:
    """Take a body piece by piece, and none behind its bound; without a bound of its own the house's holds, as for anybody."""
    announced = request.headers.get("content-length", "")
    if most_bytes is not None and announced.isdecimal() and int(announced) > most_bytes:
        raise HTTPException(TOO_LARGE)
    pieces: list[bytes] = []
    taken = 0
    async for piece in request.stream():
        taken += len(piece)
        if most_bytes is not None and taken > most_bytes:
            raise HTTPException(TOO_LARGE)
        pieces.append(piece)
    return b"".join(pieces)
