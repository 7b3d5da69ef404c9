"""A token that runs out: fetched once for all who wait, in all processes, and renewed while the old one still works."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from tieline.connectors.auth.vault import Kept, MemoryVault, TokenVault
from tieline.connectors.wire.messages import Wire
from tieline.domain.errors import VendorMisconfigured, VendorTimeout
from tieline.kit.clock import Clock
from tieline.kit.deadline import Deadline

# Wrong credentials are not tried again at once: a vendor may lock the account after a few failures (behaviour F22).
REFUSED_PAUSE: Final = timedelta(seconds=60)
# An early renewal that failed is tried again after this, not on every call.
EARLY_RETRY: Final = timedelta(seconds=5)
LONGEST_LIFETIME_S: Final = 31_536_000.0
REAUTHORISE: Final = "upstream_reauthorise"
_NEVER: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Token:
    """What the vendor gave, and how long it holds. `refresh`: what the next one is got with; `more`: what else came along."""

    value: str = field(repr=False)
    lifetime_s: float
    refresh: str = field(default="", repr=False)
    more: Mapping[str, str] = field(default_factory=dict, repr=False)


class FetchToken(Protocol):
    """Asks the vendor for a token. `kept`: what is known from last time."""

    async def __call__(self, wire: Wire, *, deadline: Deadline, kept: Kept) -> Token:
        """Return a fresh token. Raises: ConnectorError."""


@dataclass(frozen=True, slots=True)
class Habits:
    """How one sign-in is kept. `renew_early_s` before its end a token is renewed; `timeout_s` is for one fetch.

    `place` is its name in the vault; `origin` changes when the credentials do. `spends`: a fetch uses up what it trades, so one
    under way is seen to its end.
    """

    renew_early_s: float
    timeout_s: float
    place: str = "auth"
    origin: str = ""
    spends: bool = False
    vault: TokenVault = field(default_factory=MemoryVault)


class TokenSource:
    """The token of one sign-in. `refusal`: the code by which the vendor has turned the credentials down, if it did."""

    def __init__(self, fetch: FetchToken, habits: Habits, *, clock: Clock) -> None:
        self._fetch = fetch
        self._habits = habits
        self._clock = clock
        self._renew_from = _NEVER
        self._flight: asyncio.Task[None] | None = None
        self._unsaved: Kept | None = None
        self._kept = Kept(origin=habits.origin)
        self.refusal = ""

    @property
    def token(self) -> str:
        """The token in use; empty before the first."""
        return self._kept.value

    @property
    def values(self) -> dict[str, str]:
        """The token and what came with it, by name."""
        return {"token": self._kept.value, **self._kept.more}

    async def ready(self, wire: Wire, *, deadline: Deadline, refused: frozenset[str] = frozenset()) -> None:
        """Return once `token` can be used; `refused` holds tokens the vendor has just turned down.

        Raises: ConnectorError: no token is to be had, or not by the deadline.
        """
        now = self._clock()
        if not self._kept.valid(now) or self.token in refused:
            await self._wait_for(self._start(wire, self.token if self.token in refused else ""), deadline)
        elif now >= self._renew_from:
            self._renew_from = now + EARLY_RETRY
            self._start(wire, self.token)

    async def replace(self, value: str) -> None:
        """Use a token the vendor has sent along with an answer, from now on and in all processes.

        Raises: ConnectorError: it is in use here, but could not be kept for the others.
        """
        if value != self.token:
            newer = self._kept.model_copy(update={"value": value})
            self._adopt(newer)
            await self._keep(newer)

    def _start(self, wire: Wire, worn: str) -> asyncio.Task[None]:
        """Join the fetch under way, or begin one that outlives whoever began it. `worn`: the token to be replaced."""
        if self._flight is None or self._flight.done():
            self._flight = asyncio.create_task(self._renew(wire, worn))
            self._flight.add_done_callback(_note_failure)
        return self._flight

    async def _wait_for(self, flight: asyncio.Task[None], deadline: Deadline) -> None:
        try:
            async with asyncio.timeout_at(deadline.at_s):
                await asyncio.shield(flight)
        except TimeoutError as exc:
            raise VendorTimeout("signing in took too long") from exc

    async def _renew(self, wire: Wire, worn: str) -> None:
        """Take what another process has fetched meanwhile, or fetch; a new token is stored before it is used."""
        habits = self._habits
        async with habits.vault.lock(habits.place):
            if self._unsaved is not None and self._unsaved.value != worn:
                await self._keep(self._unsaved)
                return
            kept = Kept.read(await habits.vault.load(habits.place), origin=habits.origin)
            now = self._clock()
            if kept.valid(now) and kept.value != worn:
                self._adopt(kept)
                return
            if kept.until is not None and now < kept.until:
                self.refusal = kept.refused
                raise VendorMisconfigured("the other system has just refused our credentials", code=kept.refused)
            await self._keep(await self._fetched(wire, kept))

    async def _fetched(self, wire: Wire, kept: Kept) -> Kept:
        try:
            token = await self._fetch(wire, deadline=Deadline.after(self._habits.timeout_s), kept=kept)
        except VendorMisconfigured as exc:
            self.refusal = exc.code
            refusal = kept.model_copy(update={"refused": exc.code, "until": self._clock() + REFUSED_PAUSE})
            await self._habits.vault.store(self._habits.place, refusal.model_dump_json())
            raise
        return Kept(
            origin=kept.origin,
            value=token.value,
            refresh=token.refresh or kept.refresh,
            more=dict(token.more),
            expires=self._clock() + timedelta(seconds=token.lifetime_s),
        )

    async def _keep(self, kept: Kept) -> None:
        self._unsaved = kept
        await self._habits.vault.store(self._habits.place, kept.model_dump_json())
        self._unsaved = None
        self._adopt(kept)

    def _adopt(self, kept: Kept) -> None:
        self._kept, self.refusal = kept, ""
        if kept.expires is not None:
            left_s = (kept.expires - self._clock()).total_seconds()
            self._renew_from = kept.expires - timedelta(seconds=min(self._habits.renew_early_s, left_s / 2))

    async def aclose(self) -> None:
        """Stop a fetch under way, or let it end where something would be lost with it."""
        if self._flight is not None and not self._flight.done():
            if self._habits.spends:
                await asyncio.wait([self._flight], timeout=self._habits.timeout_s)
            self._flight.cancel()
            await asyncio.wait([self._flight])


def _note_failure(flight: asyncio.Task[None]) -> None:
    """Look at a failure that perhaps nobody waits for: the old token still works, and a later call tries again."""
    if not flight.cancelled():
        flight.exception()
