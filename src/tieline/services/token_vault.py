"""Keeps the tokens of one connection, sealed, where every process finds them: a refresh token that rotates must not be lost."""

import contextlib
from collections.abc import AsyncIterator, Iterator
from typing import Final

from tieline.domain.errors import ConfigRefused, Overloaded, VendorMisconfigured, VendorUnavailable
from tieline.kit.clock import Clock
from tieline.security.secret_box import SecretBox
from tieline.store import secrets
from tieline.store.database import Database

# Whoever holds the lock fetches a token meanwhile, which takes at most one exchange.
LOCK_WITHIN_S: Final = 10.0


class StoredTokens:
    """The vault of one connection (`connectors.auth.vault.TokenVault`)."""

    def __init__(self, database: Database, box: SecretBox, clock: Clock, *, connection: str) -> None:
        self._database = database
        self._box = box
        self._clock = clock
        self._connection = connection

    @contextlib.asynccontextmanager
    async def lock(self, name: str) -> AsyncIterator[None]:
        """Hold off every other process that would renew it. Raises: VendorUnavailable: it cannot be had now."""
        async with contextlib.AsyncExitStack() as held:
            with _as_of_a_vendor():
                lock = self._database.one_at_a_time(f"token {self._connection} {name}", within_s=LOCK_WITHIN_S)
                await held.enter_async_context(lock)
            yield

    async def load(self, name: str) -> str | None:
        """Return what was stored last. Raises: VendorUnavailable: not now. VendorMisconfigured: it no longer opens."""
        with _as_of_a_vendor():
            async with self._database.read() as conn:
                sealed = await secrets.token(conn, self._connection, name)
        if sealed is None:
            return None
        try:
            return self._box.unseal(sealed, connection=self._connection, field=f"{secrets.OF_TOKENS}{name}")
        except ConfigRefused as exc:
            raise VendorMisconfigured(exc.detail, code=exc.code) from exc

    async def store(self, name: str, value: str) -> None:
        """Keep it. Raises: VendorUnavailable: not now."""
        sealed = self._box.seal(value, connection=self._connection, field=f"{secrets.OF_TOKENS}{name}")
        with _as_of_a_vendor():
            async with self._database.begin() as tx:
                await secrets.put_token(tx, self._connection, name, sealed, now=self._clock())


@contextlib.contextmanager
def _as_of_a_vendor() -> Iterator[None]:
    """Whoever asks a system is told that it cannot be asked, not that our database is busy."""
    try:
        yield
    except Overloaded as exc:
        raise VendorUnavailable("the tokens of this connection cannot be reached at the moment") from exc
