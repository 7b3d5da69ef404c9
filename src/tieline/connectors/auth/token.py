"""A token that runs out: fetched once for all who wait, renewed before its end while the old one still works."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple, Protocol

from tieline.connectors.wire.messages import Wire
from tieline.domain.errors import VendorMisconfigured, VendorTimeout
from tieline.kit.clock import Clock
from tieline.kit.deadline import Deadline

# Wrong credentials are not tried again at once: a vendor may lock the account after a few failures.
REFUSED_PAUSE: Final = timedelta(seconds=30)
# An early renewal that failed is tried again after this, not on every call.
EARLY_RETRY: Final = timedelta(seconds=5)
_NEVER: Final = datetime.min.replace(tzinfo=UTC)


class Token(NamedTuple):
    """What the vendor gave, and how long it holds."""

    value: str
    lifetime_s: float

    def __repr__(self) -> str:
        return f"<token for {self.lifetime_s:.0f} s>"


class FetchToken(Protocol):
    """Asks the vendor for a token."""

    async def __call__(self, wire: Wire, *, deadline: Deadline) -> Token:
        """Return a fresh token. Raises: ConnectorError."""


class TokenSource:
    """The token of one connection. `renew_early_s` before its end a new one is fetched while calls go on with the old."""

    def __init__(self, fetch: FetchToken, *, clock: Clock, renew_early_s: float, timeout_s: float) -> None:
        self._fetch = fetch
        self._clock = clock
        self._early_s = renew_early_s
        self._timeout_s = timeout_s
        self._expires = self._renew_from = _NEVER
        self._flight: asyncio.Task[None] | None = None
        self._refusal: tuple[datetime, VendorMisconfigured] | None = None
        self.token = ""

    async def ready(self, wire: Wire, *, deadline: Deadline, refused: str | None = None) -> None:
        """Return once `token` can be used; `refused` is a token the vendor has just turned down.

        Raises: ConnectorError: no token is to be had, or not by the deadline.
        """
        now = self._clock()
        if now >= self._expires or (refused is not None and refused == self.token):
            await self._wait_for(self._start(wire), deadline)
        elif now >= self._renew_from:
            self._renew_from = now + EARLY_RETRY
            self._start(wire)

    def _start(self, wire: Wire) -> asyncio.Task[None]:
        """Join the fetch under way, or begin one that outlives whoever began it."""
        if self._flight is None or self._flight.done():
            self._flight = asyncio.create_task(self._renew(wire))
            self._flight.add_done_callback(_note_failure)
        return self._flight

    async def _wait_for(self, flight: asyncio.Task[None], deadline: Deadline) -> None:
        try:
            async with asyncio.timeout_at(deadline.at_s):
                await asyncio.shield(flight)
        except TimeoutError as exc:
            raise VendorTimeout("signing in took too long") from exc

    async def _renew(self, wire: Wire) -> None:
        if self._refusal and self._clock() < self._refusal[0]:
            raise VendorMisconfigured(self._refusal[1].detail, code=self._refusal[1].code)
        try:
            token = await self._fetch(wire, deadline=Deadline.after(self._timeout_s))
        except VendorMisconfigured as exc:
            self._refusal = (self._clock() + REFUSED_PAUSE, exc)
            raise
        self._refusal = None
        self.token = token.value
        self._expires = self._clock() + timedelta(seconds=token.lifetime_s)
        self._renew_from = self._expires - timedelta(seconds=min(self._early_s, token.lifetime_s / 2))

    async def aclose(self) -> None:
        """Stop a fetch under way."""
        if self._flight is not None and not self._flight.done():
            self._flight.cancel()
            await asyncio.wait([self._flight])


def _note_failure(flight: asyncio.Task[None]) -> None:
    """Look at a failure that perhaps nobody waits for: the old token still works, and a later call tries again."""
    if not flight.cancelled():
        flight.exception()
