"""Machine keys: made and shown once, checked quickly, ended at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import structlog

from tieline.domain.errors import NotAllowed, NotFound, NotSignedIn, RequestRefused, StateConflict
from tieline.kit.clock import Clock, monotonic_s
from tieline.observability.metrics import SECURITY_EVENTS
from tieline.security.api_keys import PresentedKey, mint, read_key
from tieline.security.client_certificates import ClientCertificate, is_identity
from tieline.security.networks import Networks, is_within, networks
from tieline.security.permissions import PERMISSIONS, Caller
from tieline.security.roles import SERVICE_ROLE
from tieline.store import api_keys, audit_trail
from tieline.store.api_keys import KeyRow
from tieline.store.database import Database, Transaction
from tieline.store.journal_rows import AuditRow

log = structlog.get_logger()

TRUSTED_FOR_S: Final = 5.0
"""A key that was right is not asked for again this long; a revocation is announced and ends the trust at once."""
LONGEST_LIFE: Final = timedelta(days=365)
_REMEMBERED_AT_MOST: Final = 4096


@dataclass(frozen=True, slots=True)
class KeyWish:
    """What a new key shall be able to do. `agent` binds it to one person; `life` is at most `LONGEST_LIFE`.

    `networks`: the addresses and CIDR networks it may be used from; none: any.
    `certificates`: of which the client must show one to a front proxy of ours; `certificate_alone`: instead of a key's text.
    """

    name: str
    scopes: tuple[str, ...]
    agent: str | None = None
    life: timedelta = LONGEST_LIFE
    networks: tuple[str, ...] = ()
    certificates: tuple[str, ...] = ()
    certificate_alone: bool = False


@dataclass(frozen=True, slots=True)
class _Known:
    """What a key was found to be, and until when that is believed, in seconds of the process's clock."""

    caller: Caller
    networks: Networks
    certificates: frozenset[str]
    until_s: float


class KeyRing:
    """Checks presented keys; remembers the right ones for a few seconds, so that a busy machine costs no query."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._trusted: dict[PresentedKey | frozenset[str], _Known] = {}
        self.changes = 0
        """How often something about keys or sessions has changed: who follows for long asks again when this does."""

    async def caller_for(self, text: str, *, address: str | None = None, certificate: ClientCertificate | None = None) -> Caller:
        """Return the machine this key belongs to, asking from `address` with `certificate`.

        Raises: NotSignedIn: malformed, unknown, expired, revoked, not to be used from there, or not with that certificate.
        """
        presented = read_key(text)
        if presented is None:
            raise NotSignedIn
        known = self._trusted.get(presented)
        if known is None or monotonic_s() >= known.until_s:
            known = await self._look_up(presented)
        if known.certificates and (certificate is None or not self._fits(known.certificates, certificate)):
            SECURITY_EVENTS.labels("key_without_certificate").inc()
            raise NotSignedIn
        return self._from_there(known, address)

    async def caller_of(self, certificate: ClientCertificate, *, address: str | None = None) -> Caller:
        """Return the machine that a certificate alone stands for. Raises: NotSignedIn: none, or not from there, or not now."""
        known = self._trusted.get(certificate.identities)
        if known is None or monotonic_s() >= known.until_s:
            as_of = self.changes
            async with self._database.read() as conn:
                row = await api_keys.of_certificate(conn, certificate.identities, now=self._clock())
                if row is None:
                    raise NotSignedIn
                await api_keys.note_use(conn, row, now=self._clock())
            known = self._trust(certificate.identities, row, as_of)
        if not self._fits(known.certificates, certificate):
            raise NotSignedIn
        return self._from_there(known, address)

    def _fits(self, wanted: frozenset[str], certificate: ClientCertificate) -> bool:
        return certificate.is_of_now(self._clock()) and not wanted.isdisjoint(certificate.identities)

    def _from_there(self, known: _Known, address: str | None) -> Caller:
        if known.networks and not is_within(address or "", known.networks):
            SECURITY_EVENTS.labels("key_from_elsewhere").inc()
            log.warning("access.key_from_elsewhere", actor=known.caller.actor)
            raise NotSignedIn
        return known.caller

    def forget(self) -> None:
        """Trust no key unseen any more: something about keys has changed."""
        self._trusted.clear()
        self.changes += 1

    async def follow_changes(self) -> None:
        """Forget whenever any replica announces a change of keys; runs until cancelled."""
        async with self._database.listen(api_keys.CHANNEL) as notes:
            async for _ in notes:
                self.forget()

    async def _look_up(self, presented: PresentedKey) -> _Known:
        now, as_of = self._clock(), self.changes
        async with self._database.read() as conn:
            row = await api_keys.find(conn, presented.id)
            if row is None or not presented.fits(row.secret_sha256) or not row.usable(now):
                raise NotSignedIn
            await api_keys.note_use(conn, row, now=now)
        return self._trust(presented, row, as_of)

    def _trust(self, shown: PresentedKey | frozenset[str], row: KeyRow, as_of: int) -> _Known:
        """Remember for a few seconds what was shown and whose it is, unless keys have changed since that was looked for."""
        caller = Caller(
            actor=f"key:{row.id}", role=SERVICE_ROLE, scopes=frozenset(row.scopes) & PERMISSIONS.keys(), agent=row.agent
        )
        until_s = monotonic_s() + min(TRUSTED_FOR_S, (row.expires_at - self._clock()).total_seconds())
        if len(self._trusted) >= _REMEMBERED_AT_MOST:
            self._trusted.clear()
        known = _Known(caller, networks(row.networks), frozenset(row.certificates), until_s)
        if self.changes == as_of:
            self._trusted[shown] = known
        return known


async def create(database: Database, wish: KeyWish, *, asker: Caller, now: datetime) -> tuple[str, KeyRow]:
    """Make a key; return its text, which is never to be had again, and what is kept of it. Raises: RequestRefused."""
    _refuse_wish(wish, asker)
    text, row = _minted(wish, now)
    async with database.begin() as tx:
        await _refuse_taken(tx, wish, None, now=now)
        await api_keys.add(tx, row)
        await audit_trail.write(tx, _entry(asker, "key.created", row, now=now))
    return text, row


def _minted(wish: KeyWish, now: datetime) -> tuple[str, KeyRow]:
    text, minted = mint()
    return text, KeyRow(
        id=minted.id,
        name=wish.name,
        secret_sha256=minted.digest,
        scopes=wish.scopes,
        agent=wish.agent,
        created_at=now,
        expires_at=now + wish.life,
        networks=wish.networks,
        certificates=wish.certificates,
        certificate_alone=wish.certificate_alone,
    )


async def revoke(database: Database, key_id: str, *, asker: Caller, now: datetime) -> KeyRow:
    """End a key at once, in every process. Ending it again changes nothing. Raises: NotFound."""
    async with database.begin() as tx:
        row = await api_keys.revoke(tx, key_id, now=now)
        if row is None:
            raise NotFound
        if row.revoked_at == now:
            await audit_trail.write(tx, _entry(asker, "key.revoked", row, now=now))
            await api_keys.announce(tx)
    return row


@dataclass(frozen=True, slots=True)
class KeyRotation:
    """For how long the key that is replaced still opens, and which certificates the new one asks for; None: the same."""

    overlap: timedelta
    certificates: tuple[str, ...] | None = None


async def rotate(database: Database, key_id: str, how: KeyRotation, *, asker: Caller, now: datetime) -> tuple[str, KeyRow]:
    """Make a key that takes the place of another, which runs out after a while; return as `create` does.

    Raises: NotFound. StateConflict: the key is over, or has a successor already: two live keys are enough. NotAllowed.
    """
    async with database.begin() as tx:
        old = await api_keys.find(tx, key_id)
        if old is None:
            raise NotFound
        if not old.usable(now) or old.successor is not None:
            raise StateConflict("The key is over, or is being replaced already.", code="key_not_live")
        life = min(old.expires_at - old.created_at, LONGEST_LIFE)
        certificates = old.certificates if how.certificates is None else how.certificates
        wish = KeyWish(old.name, old.scopes, old.agent, life, old.networks, certificates, old.certificate_alone)
        _refuse_wish(wish, asker)
        await _refuse_taken(tx, wish, key_id, now=now)
        text, row = _minted(wish, now)
        await api_keys.add(tx, row)
        if not await api_keys.hand_over(tx, key_id, successor=row.id, until=now + how.overlap):
            raise StateConflict("The key is over, or is being replaced already.", code="key_not_live")
        await audit_trail.write(tx, _entry(asker, "key.rotated", row, now=now, instead_of=key_id))
        await api_keys.announce(tx)
    return text, row


async def page(database: Database, *, after: tuple[datetime, str] | None, limit: int) -> Sequence[KeyRow]:
    """Return keys, newest first, from just past `after` (created_at, id)."""
    async with database.read() as conn:
        return await api_keys.page(conn, after=after, limit=limit)


def _refuse_wish(wish: KeyWish, asker: Caller) -> None:
    """Nobody hands out more than they hold, nor for longer than a year."""
    if not wish.scopes or not PERMISSIONS.keys() >= set(wish.scopes):
        raise RequestRefused(code="scope_unknown", hint=f"Scopes are: {', '.join(PERMISSIONS)}.")
    if asker.role == SERVICE_ROLE and not asker.scopes >= set(wish.scopes):
        raise NotAllowed(code="scope_missing")
    networks(wish.networks)
    if not all(map(is_identity, wish.certificates)) or (wish.certificate_alone and not wish.certificates):
        raise RequestRefused(code="certificate_invalid", hint="sha256:…, spiffe://… or subject:…; at least one to stand alone.")
    if not timedelta(0) < wish.life <= LONGEST_LIFE:
        raise RequestRefused(code="field_range", hint="A key lives for 1 to 365 days.")


async def _refuse_taken(tx: Transaction, wish: KeyWish, instead_of: str | None, *, now: datetime) -> None:
    """A certificate that stands alone stands for one machine; such keys are made one after the other."""
    if not wish.certificate_alone:
        return
    await audit_trail.take_turn(tx, "certificates")
    found = await api_keys.of_certificate(tx, wish.certificates, now=now)
    if found is not None and found.id != instead_of:
        raise StateConflict("A certificate known by one of these opens another key already.", code="certificate_taken")


def _entry(asker: Caller, action: str, row: KeyRow, *, now: datetime, **more: str) -> AuditRow:
    scopes, places = list(row.scopes), list(row.networks)
    details: dict[str, Any] = {"name": row.name, "scopes": scopes, "agent": row.agent, "networks": places, **more}
    if row.certificates:
        details |= {"certificates": len(row.certificates), "alone": row.certificate_alone}
    return AuditRow(at=now, actor=asker.actor, actor_role=asker.role, action=action, subject=f"key:{row.id}", details=details)
