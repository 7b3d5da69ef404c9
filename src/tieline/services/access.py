"""Who is asking: told from an API key, a session cookie, or an open door on one's own machine.

Everything that fails here fails alike: `auth_failed`, with no word on what was wrong.
"""

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import structlog

from tieline.domain.agent import Agent
from tieline.domain.errors import BodyMalformed, ConfigRefused, NotSignedIn
from tieline.kit.clock import Clock
from tieline.observability.metrics import SECURITY_EVENTS
from tieline.security.api_keys import PresentedKey, key_id_within, key_within
from tieline.security.client_certificates import ClientCertificate
from tieline.security.networks import Networks, is_within
from tieline.security.permissions import PERMISSIONS, Caller
from tieline.security.roles import ADMIN_ROLE, permissions_of
from tieline.services import session_opening
from tieline.services.api_keys import KeyRing
from tieline.services.session_opening import NOWHERE, SESSION_IDLE, Arrival, Vouched
from tieline.store import api_keys, audit_trail, sessions
from tieline.store.database import Database, Transaction
from tieline.store.journal_rows import AuditRow
from tieline.store.sessions import SessionRow

__all__ = ["Access", "Caller", "Credentials", "refuse_open_door_to_others"]

log = structlog.get_logger()

Auth = Literal["on", "off"]
AgentOf = Callable[[str], Agent | None]


@dataclass(frozen=True, slots=True)
class Credentials:
    """What came with a request. `query` is searched only for keys that do not belong there.

    `client` is the address at the other end of the socket; `relayed` says that headers tell of a proxy in between. `address` is
    where the request comes from, which a front proxy of ours may have told.
    `agent` is whom an open door is asked to act as. `certificate`: what the client showed a front proxy of ours.
    """

    authorization: tuple[str, ...] = ()
    session: str | None = None
    query: str = ""
    client: str | None = None
    relayed: bool = False
    address: str | None = None
    agent: str | None = None
    certificate: ClientCertificate | None = None


class Access:
    """Answers "who is this?" and opens sessions. `agent_of` knows the agents by id.

    `admins_from`: the networks local administrators may be in; none: there are no such administrators here.
    """

    def __init__(
        self, *, database: Database, keys: KeyRing, agent_of: AgentOf, auth: Auth, clock: Clock, admins_from: Networks = ()
    ) -> None:
        self._database = database
        self._admins_from = admins_from
        self._keys = keys
        self._agent_of = agent_of
        self._auth = auth
        self._clock = clock

    async def who(self, given: Credentials) -> Caller:
        """Return the caller. Raises: NotSignedIn. BodyMalformed: a key in the URL, or two ways to sign in at once."""
        leaked = key_id_within(given.query)
        if leaked is not None:
            await self._end_leaked(leaked, key_within(given.query))
            raise BodyMalformed("An API key does not belong into an address.", code="key_in_url")
        if len(given.authorization) + (given.session is not None) > 1:
            raise BodyMalformed("Sign in one way only.", code="auth_ambiguous")
        if given.authorization:
            key = _bearer(given.authorization[0])
            return await self._keys.caller_for(key, address=given.address, certificate=given.certificate)
        if given.session is not None:
            return await self._person(given.session, given.address)
        if given.certificate is not None:
            return await self._keys.caller_of(given.certificate, address=given.address)
        if self._auth == "off":
            return self._demo(given)
        raise NotSignedIn

    async def open_session(
        self, agent: str, *, vouched: Vouched | None = None, arrival: Arrival = NOWHERE
    ) -> tuple[str, datetime]:
        """Sign `agent` in; return the cookie's value and the instant it ends at the latest.

        `vouched` is what a provider says of them; `arrival` what their browser comes with.
        """
        now = self._clock()
        new = session_opening.for_agent(agent, vouched or Vouched(proved_at=now), arrival, now=now)
        async with self._database.begin() as tx:
            await session_opening.open_in(tx, new, arrival)
        return new.token, new.row.expires_at

    async def open_for_admin(self, tx: Transaction, name: str, *, arrival: Arrival = NOWHERE) -> str:
        """Sign a local administrator in, for an hour at most; return the cookie's value."""
        new = session_opening.for_admin(name, arrival, now=self._clock())
        await session_opening.open_in(tx, new, arrival)
        return new.token

    def admits_admins_from(self, address: str | None) -> bool:
        """Say whether local administrators may be at this address."""
        return is_within(address or "", self._admins_from)

    async def end_session(self, token: str) -> str | None:
        """Sign out; return which issuer had vouched for them. A cookie nobody knows is no error."""
        async with self._database.begin() as tx:
            ended = await sessions.end(tx, sessions.digest(token))
            if ended is None:
                return None
            note = AuditRow(at=self._clock(), actor=ended.actor, actor_role=ended.role, action="session.closed")
            await audit_trail.write(tx, note)
            await api_keys.announce(tx)
            return ended.issuer

    async def session(self, token: str) -> SessionRow | None:
        """Return the session of a cookie, ended or not; None: there is none."""
        async with self._database.read() as conn:
            return await sessions.find(conn, sessions.digest(token))

    @property
    def changes(self) -> int:
        """Return how often something about keys or sessions has changed since this process began."""
        return self._keys.changes

    async def _end_leaked(self, key_id: str, leaked: PresentedKey | None) -> None:
        """End a key that stood in an address: it is in logs that are not ours by now. Its name alone ends nothing."""
        SECURITY_EVENTS.labels("key_in_url").inc()
        now = self._clock()
        async with self._database.begin() as tx:
            row = await api_keys.find(tx, key_id) if leaked else None
            ended = row is not None and leaked is not None and leaked.fits(row.secret_sha256) and row.usable(now)
            if ended:
                await api_keys.revoke(tx, key_id, now=now)
                note = AuditRow(at=now, actor=f"key:{key_id}", action="key.leaked", subject=f"key:{key_id}")
                await audit_trail.write(tx, note)
                await api_keys.announce(tx)
        log.warning("access.key_in_url", key_id=key_id, ended=ended)

    async def _person(self, token: str, address: str | None) -> Caller:
        now = self._clock()
        async with self._database.read() as conn:
            row = await sessions.find(conn, sessions.digest(token))
            if row is None or now >= row.expires_at or now - row.last_seen_at >= SESSION_IDLE:
                raise NotSignedIn
            caller = self._caller_of(row, address)
            await sessions.note_seen(conn, row, now=now)
        return caller

    def _caller_of(self, row: SessionRow, address: str | None) -> Caller:
        """Return whose session it is. Raises: NotSignedIn: nobody's any more, or not from there."""
        if row.admin is not None:
            if not self.admits_admins_from(address):
                raise NotSignedIn
            return Caller(actor=row.actor, role=ADMIN_ROLE, scopes=permissions_of(ADMIN_ROLE), proved_at=row.proved_at)
        agent = self._agent_of(row.agent or "")
        if agent is None:
            raise NotSignedIn
        role = row.role or agent.role
        return Caller(actor=row.actor, role=role, scopes=permissions_of(role), agent=agent.id, proved_at=row.proved_at)

    def _demo(self, given: Credentials) -> Caller:
        """With the door open, whoever sits at this machine may do everything, seeing it as the agent they name."""
        if given.relayed or not _is_loopback(given.client):
            raise NotSignedIn
        agent = self._agent_of(given.agent) if given.agent else None
        role = agent.role if agent else "admin"
        return Caller(actor="demo", role=role, scopes=frozenset(PERMISSIONS), proved_at=self._clock())


def refuse_open_door_to_others(auth: Auth, host: str) -> None:
    """Raises: ConfigRefused: access is switched off while listening on more than loopback."""
    if auth == "off" and not (host == "localhost" or _is_loopback(host)):
        raise ConfigRefused(
            "Access control can be off only while listening on loopback.",
            where="TIELINE_AUTH",
            hint="Set TIELINE_AUTH=on, or TIELINE_HOST=127.0.0.1.",
        )


def _bearer(header: str) -> str:
    scheme, _, credentials = header.partition(" ")
    if scheme.lower() != "bearer":
        raise NotSignedIn
    return credentials.strip()


def _is_loopback(address: str | None) -> bool:
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return False
    within = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return (within or parsed).is_loopback
