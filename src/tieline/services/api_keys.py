"""Machine keys: made and shown once, checked quickly, ended at once."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from tieline.domain.errors import NotSignedIn
from tieline.kit.clock import Clock, monotonic_s
from tieline.security.api_keys import PresentedKey, read_key
from tieline.security.permissions import PERMISSIONS, Caller
from tieline.security.roles import SERVICE_ROLE
from tieline.store import api_keys
from tieline.store.database import Database

CHANGES: Final = "tieline_config"
ANNOUNCEMENT: Final = "api_keys"
"""What is said on that channel when keys have changed."""
TRUSTED_FOR_S: Final = 5.0
"""A key that was right is not asked for again this long; a revocation is announced and ends the trust at once."""
LONGEST_LIFE: Final = timedelta(days=365)
_REMEMBERED_AT_MOST: Final = 4096


@dataclass(frozen=True, slots=True)
class KeyWish:
    """What a new key shall be able to do. `agent` binds it to one person; `life` is at most `LONGEST_LIFE`."""

    name: str
    scopes: tuple[str, ...]
    agent: str | None = None
    life: timedelta = LONGEST_LIFE


class KeyRing:
    """Checks presented keys; remembers the right ones for a few seconds, so that a busy machine costs no query."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._trusted: dict[PresentedKey, tuple[Caller, float]] = {}

    async def caller_for(self, text: str) -> Caller:
        """Return the machine this key belongs to. Raises: NotSignedIn: malformed, unknown, expired or revoked."""
        presented = read_key(text)
        if presented is None:
            raise NotSignedIn
        remembered = self._trusted.get(presented)
        if remembered is not None and monotonic_s() < remembered[1]:
            return remembered[0]
        return await self._look_up(presented)

    def forget(self) -> None:
        """Trust no key unseen any more: something about keys has changed."""
        self._trusted.clear()

    async def follow_changes(self) -> None:
        """Forget whenever any replica announces a change of keys; runs until cancelled."""
        async for note in self._database.listen(CHANGES):
            if note == ANNOUNCEMENT:
                self.forget()

    async def _look_up(self, presented: PresentedKey) -> Caller:
        now = self._clock()
        async with self._database.read() as conn:
            row = await api_keys.find(conn, presented.id)
            if row is None or not presented.fits(row.secret_sha256) or not row.usable(now):
                raise NotSignedIn
            await api_keys.note_use(conn, row, now=now)
        caller = Caller(
            actor=f"key:{row.id}", role=SERVICE_ROLE, scopes=frozenset(row.scopes) & PERMISSIONS.keys(), agent=row.agent
        )
        self._remember(presented, caller, trusted_s=min(TRUSTED_FOR_S, (row.expires_at - now).total_seconds()))
        return caller

    def _remember(self, presented: PresentedKey, caller: Caller, *, trusted_s: float) -> None:
        if len(self._trusted) >= _REMEMBERED_AT_MOST:
            self._trusted.clear()
        self._trusted[presented] = (caller, monotonic_s() + trusted_s)
