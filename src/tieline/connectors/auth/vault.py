"""Where tokens are kept that must outlive a process and be the same for all of them: rotating refresh tokens above all."""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, Self

from pydantic import BaseModel, ConfigDict, Field

from tieline.connectors.auth.nonces import draw_nonce


class Kept(BaseModel):
    """What is known of one sign-in, as it is stored. `origin` fingerprints the credentials it was got with.

    `refused`: why the vendor turned the credentials down, and `until`: the moment up to which it is not asked again.
    """

    model_config = ConfigDict(frozen=True)

    origin: str
    value: str = Field(default="", repr=False)
    refresh: str = Field(default="", repr=False)
    more: dict[str, str] = Field(default_factory=dict, repr=False)
    expires: datetime | None = None
    refused: str = ""
    until: datetime | None = None

    def valid(self, now: datetime) -> bool:
        """Say whether the token can be used."""
        return bool(self.value) and self.expires is not None and now < self.expires

    @classmethod
    def read(cls, text: str | None, *, origin: str) -> Self:
        """Read what was stored; with other credentials it is worth nothing, and an empty one is returned."""
        found = cls.model_validate_json(text) if text else cls(origin=origin)
        return found if found.origin == origin else cls(origin=origin)


class TokenVault(Protocol):
    """The store of one connection. What is stored is secret; whoever implements it seals it."""

    def lock(self, name: str) -> AbstractAsyncContextManager[None]:
        """Hold off everybody else, in any process, who wants to renew `name`. Raises: ConnectorError: it cannot be had."""

    async def load(self, name: str) -> str | None:
        """Return what was stored last. Raises: ConnectorError: it cannot be read now."""

    async def store(self, name: str, value: str) -> None:
        """Keep `value`, durably, before returning. Raises: ConnectorError: it cannot be kept now."""


class MemoryVault:
    """A vault for one process, for connections whose tokens may be lost: recordings and trials."""

    def __init__(self) -> None:
        self._values: dict[str, str] = {}
        self._locks: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    def lock(self, name: str) -> AbstractAsyncContextManager[None]:
        """Hold off other tasks."""
        return self._locks[name]

    async def load(self, name: str) -> str | None:
        """Return what was stored last."""
        return self._values.get(name)

    async def store(self, name: str, value: str) -> None:
        """Keep it while the process lives."""
        self._values[name] = value


class FreshSignIn:
    """The same vault for whoever wants to see a sign-in happen: what was kept renews, but does not spare it."""

    def __init__(self, vault: TokenVault) -> None:
        self._vault = vault

    def lock(self, name: str) -> AbstractAsyncContextManager[None]:
        """Hold off whoever holds it off there."""
        return self._vault.lock(name)

    async def load(self, name: str) -> str | None:
        """Return what was stored, without the token that still works."""
        text = await self._vault.load(name)
        return Kept.model_validate_json(text).model_copy(update={"value": "", "until": None}).model_dump_json() if text else None

    async def store(self, name: str, value: str) -> None:
        """Keep it there."""
        await self._vault.store(name, value)


@dataclass(frozen=True, slots=True)
class Keeping:
    """Where one connection keeps its tokens, and what its nonces are drawn from."""

    vault: TokenVault = field(default_factory=MemoryVault)
    draw_nonce: Callable[[str], str] = draw_nonce
