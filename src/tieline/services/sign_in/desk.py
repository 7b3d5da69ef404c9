"""Signs people in by a provider: the browser leaves sealed and comes back once; whoever it brings gets a session."""

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog

from tieline.domain.agent import Agent
from tieline.domain.errors import ConnectorError, NotFound
from tieline.kit.clock import Clock
from tieline.observability.metrics import SECURITY_EVENTS
from tieline.security.json_web_tokens import TokenRefused
from tieline.security.roles import permissions_of
from tieline.security.secret_box import SecretBox
from tieline.services.access import Access
from tieline.services.session_opening import Arrival, Vouched
from tieline.services.sign_in import attempt as attempts
from tieline.services.sign_in.attempt import Attempt
from tieline.services.sign_in.provider import Identity, Provider, Returned
from tieline.store import api_keys, audit_trail, sessions, sign_ins
from tieline.store.database import Database
from tieline.store.journal_rows import AuditRow

log = structlog.get_logger()

LOGOUT_TOKEN_LIFE: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class SignInDesk:
    """`providers` by name; `public_url` is how browsers reach us, which the providers have to know."""

    providers: Mapping[str, Provider]
    database: Database
    box: SecretBox
    clock: Clock
    agent_of: Callable[[str], Agent | None]
    public_url: str = ""

    def provider(self, name: str) -> Provider:
        """Return a provider. Raises: NotFound."""
        found = self.providers.get(name)
        if found is None:
            raise NotFound
        return found

    def redirect_uri(self, name: str) -> str:
        """Return where a provider sends the browser back to."""
        return f"{self.public_url.rstrip('/')}/desk/sign-in/{name}/callback"

    def provider_of(self, issuer: str | None) -> str | None:
        """Return the name of the provider that vouched for a session."""
        return next((name for name, each in self.providers.items() if issuer is not None and each.issuer == issuer), None)

    async def begin(self, name: str, *, to: str = "", agent: str = "") -> tuple[str, str]:
        """Return where to send the browser and the cookie it takes along. Raises: NotFound, ConnectorError.

        `agent`: who has to show anew who they are; nobody else comes back by this way.
        """
        provider = self.provider(name)
        attempt = attempts.begin(name, to=to, agent=agent, now=self.clock())
        return await provider.leave_for(attempt, self.redirect_uri(name)), attempts.seal(attempt, self.box)

    async def finish(
        self, name: str, fields: Mapping[str, str], cookie: str, access: Access, *, arrival: Arrival
    ) -> tuple[str, str]:
        """Return a new session's cookie and where its owner wanted to. `arrival`: what the browser comes with.

        Raises: TokenRefused: whatever it was, it is written down. NotFound. ConnectorError: the provider is not reached.
        """
        provider = self.provider(name)
        try:
            attempt = await self._returned(name, fields, cookie)
            identity = await provider.identify(Returned(fields), attempt, self.redirect_uri(name))
            agent = await self._known(provider, identity, attempt)
        except (TokenRefused, ConnectorError) as exc:
            await self._note_refusal(name, exc.why if isinstance(exc, TokenRefused) else exc.code)
            raise
        vouched = Vouched(
            provider=name,
            life=timedelta(hours=provider.session_h),
            role=identity.role,
            issuer=identity.issuer,
            subject=identity.subject,
            issuer_session=identity.session,
            proved_at=self.clock() if provider.asks_each_time else identity.proved_at,
        )
        token, _ = await access.open_session(agent.id, vouched=vouched, arrival=arrival)
        return token, attempt.to

    async def log_out(self, name: str, token: str) -> int:
        """End the sessions a provider says are over; return how many. Raises: NotFound. TokenRefused. ConnectorError."""
        provider = self.provider(name)
        over = await provider.logged_out(token)
        now = self.clock()
        async with self.database.begin() as tx:
            if not await sign_ins.take_once(tx, _mark("logout", name, over.token_id), until=now + LOGOUT_TOKEN_LIFE):
                raise TokenRefused("token_used")
            ended = await sessions.end_of_identity(tx, over.issuer, subject=over.subject, issuer_session=over.session)
            note = AuditRow(at=now, actor=f"provider:{name}", action="session.ended", details={"sessions": ended})
            await audit_trail.write(tx, note)
            await api_keys.announce(tx)
        return ended

    async def leave_address(self, issuer: str | None, *, back: str) -> str | None:
        """Return where the one who vouched for a session ends its own; `back` is our page. Raises: ConnectorError."""
        name = self.provider_of(issuer)
        return await self.providers[name].leave_address(f"{self.public_url.rstrip('/')}{back}") if name else None

    async def _returned(self, name: str, fields: Mapping[str, str], cookie: str) -> Attempt:
        """Return the attempt that comes back, this once. Raises: TokenRefused: another browser's, another state, late, again."""
        attempt = attempts.unseal(cookie, self.box, provider=name)
        now = self.clock()
        if not hmac.compare_digest(fields.get("state", "").encode(), attempt.state.encode()):
            raise TokenRefused("state_differs")
        if attempt.is_over(now):
            raise TokenRefused("attempt_over")
        async with self.database.begin() as tx:
            if not await sign_ins.take_once(tx, _mark("state", name, attempt.state), until=now + attempts.LIFE):
                raise TokenRefused("state_used")
        return attempt

    async def _known(self, provider: Provider, identity: Identity, attempt: Attempt) -> Agent:
        """Return our agent. Raises: TokenRefused: nobody here, somebody else, or without the right to a desk."""
        agent_id = provider.agent_id(identity.name)
        agent = self.agent_of(agent_id) if agent_id else None
        if agent is None:
            raise TokenRefused("no_agent")
        if not permissions_of(identity.role or agent.role):
            raise TokenRefused("no_role")
        if attempt.agent not in {"", agent.id}:
            raise TokenRefused("another_person")
        async with self.database.begin() as tx:
            if not await sign_ins.bind(tx, identity.issuer, identity.subject, agent=agent.id, now=self.clock()):
                raise TokenRefused("identity_differs")
        return agent

    async def _note_refusal(self, name: str, why: str) -> None:
        SECURITY_EVENTS.labels("sign_in_refused").inc()
        log.warning("sign_in.refused", provider=name, why=why)
        note = AuditRow(at=self.clock(), actor="nobody", action="sign_in.refused", details={"provider": name, "why": why})
        async with self.database.begin() as tx:
            await audit_trail.write(tx, note)


def _mark(kind: str, name: str, word: str) -> bytes:
    return hashlib.sha256(f"{kind}\x1f{name}\x1f{word}".encode()).digest()
