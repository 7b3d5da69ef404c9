"""The way in for a local administrator: password and code, each looked at whoever asks, ever slower after failures, and loud.

Wrong name, password or code are told apart in the audit alone. A failure is written down before anything is looked at, so that
guesses sent at once are guesses one after the other.
"""

import asyncio
import unicodedata
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import structlog

from tieline.domain.errors import NotFound, NotSignedIn, Overloaded, RateLimited
from tieline.kit.clock import Clock
from tieline.observability.metrics import SECURITY_EVENTS
from tieline.security import one_time_codes, passwords
from tieline.security.secret_box import SecretBox
from tieline.services.access import Access
from tieline.services.break_glass import notice
from tieline.services.break_glass.keeping import NOBODY, NOBODYS, seal, unseal
from tieline.services.session_opening import NOWHERE, Arrival
from tieline.store import audit_trail, local_admins
from tieline.store.database import Database
from tieline.store.journal_rows import AuditRow
from tieline.store.local_admins import Failures

log = structlog.get_logger()

DELAYS_S: Final = (0, 0, 1, 2, 4, 8, 16, 32, 64, 900)
"""Seconds to wait after the first, second, ... failure in a row; after the last of these, always as long: it is locked."""
AT_ONCE: Final = 2
"""Passwords looked at at the same time, of 64 MiB each."""
LONGEST_WORD: Final = 200


@dataclass(frozen=True, slots=True)
class Shown:
    """What somebody typed in."""

    name: str
    password: str = field(repr=False)
    code: str = field(repr=False)

    @property
    def account(self) -> str:
        """Return the name as it is kept."""
        return unicodedata.normalize("NFKC", self.name[:LONGEST_WORD]).strip().lower()

    @property
    def digits(self) -> str:
        """Return the code without the blank that apps show in its middle."""
        return "".join(self.code[:LONGEST_WORD].split())


class BreakGlassDoor:
    """One per process. `address` is always where the request comes from."""

    def __init__(self, *, database: Database, box: SecretBox, access: Access, clock: Clock) -> None:
        self._database = database
        self._box = box
        self._access = access
        self._clock = clock
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._nobodys = seal(box, NOBODY, NOBODYS)

    def stands_at(self, address: str | None) -> bool:
        """Say whether there is such a door for whoever is at this address."""
        return self._access.admits_admins_from(address)

    async def somebody_inside(self) -> bool:
        """Say whether a local administrator is in; while the database is away, nobody is."""
        try:
            return await notice.sessions_open(self._database, clock=self._clock) > 0
        except Overloaded:
            return False

    async def enter(self, shown: Shown, *, address: str | None, arrival: Arrival = NOWHERE) -> str:
        """Return a new session's cookie.

        Raises: NotFound: there is no such door here. NotSignedIn: whatever was wrong. RateLimited: too many failures before.
        """
        if not self.stands_at(address):
            raise NotFound
        await self._count_one_failure(shown.account)
        why, step = await self._look_at(shown)
        token = None if why else await self._open(shown.account, step, arrival)
        if token is None:
            await self._note_refusal(why or "code_used")
            raise NotSignedIn
        SECURITY_EVENTS.labels("break_glass_opened").inc()
        log.warning("break_glass.opened")
        return token

    async def _count_one_failure(self, account: str) -> None:
        """Raises: RateLimited: it is too soon after the last one."""
        now = self._clock()
        async with self._database.begin() as tx:
            await audit_trail.take_turn(tx, f"local admin {account}")
            before = await local_admins.failures(tx, account)
            if before is not None and now < before.wait_until:
                SECURITY_EVENTS.labels("break_glass_throttled").inc()
                raise RateLimited(retry_after_s=(before.wait_until - now).total_seconds())
            await local_admins.note_failure(tx, account, _one_more(before, now), now=now)

    async def _look_at(self, shown: Shown) -> tuple[str | None, int]:
        """Return what is wrong, if anything, and the code's step: the same work whether there is somebody of the name or not."""
        async with self._database.read() as conn:
            sealed = await local_admins.sealed(conn, shown.account)
        kept = unseal(self._box, shown.account if sealed else NOBODY, sealed or self._nobodys)
        async with self._turns:
            fits = await asyncio.to_thread(passwords.fits, shown.password, kept.password)
        step = one_time_codes.step_of(shown.digits, kept.codes, now=self._clock())
        wrong = {"name_unknown": sealed is None, "password_wrong": not fits, "code_wrong": step is None}
        return next((why for why, is_so in wrong.items() if is_so), None), step or 0

    async def _open(self, account: str, step: int, arrival: Arrival) -> str | None:
        """Return the session's cookie; None: a code of that step was taken before, by whichever replica."""
        async with self._database.begin() as tx:
            if not await local_admins.take_step(tx, account, step):
                return None
            await local_admins.forgive(tx, account)
            note = AuditRow(at=self._clock(), actor=f"admin:{account}", actor_role="admin", action="break_glass.opened")
            await audit_trail.write(tx, note)
            return await self._access.open_for_admin(tx, account, arrival=arrival)

    async def _note_refusal(self, why: str) -> None:
        """Write it down without the name: it may be anything, a password too."""
        SECURITY_EVENTS.labels("break_glass_refused").inc()
        log.warning("break_glass.refused", why=why)
        note = AuditRow(at=self._clock(), actor="nobody", action="break_glass.refused", details={"why": why})
        async with self._database.begin() as tx:
            await audit_trail.write(tx, note)


def _one_more(before: Failures | None, now: datetime) -> Failures:
    count = before.count + 1 if before else 1
    return Failures(count, now + timedelta(seconds=DELAYS_S[min(count, len(DELAYS_S)) - 1]))
