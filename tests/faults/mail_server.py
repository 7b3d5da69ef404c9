"""A mail server on a real socket, with a certificate of its own: it takes letters, or does what a test tells it to."""

import asyncio
import ssl
from base64 import b64decode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

USER, PASSWORD, TOKEN = "service@example.com", "wéi-秘密", "ey.access-token"


@dataclass
class MailServer:
    """`refusals`: what is said of a receiver instead of yes. `at_data`: what is said of the letter; None: nothing, ever.

    `hangs_up`: once it has the letter.
    """

    port: int = 0
    refusals: dict[str, str] = field(default_factory=dict)
    at_data: str | None = "250 2.0.0 taken"
    at_sender: str = "250 2.1.0 ok"
    hangs_up: bool = False
    letters: list[Envelope] = field(default_factory=list)
    sign_ins: list[str] = field(default_factory=list)

    async def handle_MAIL(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:  # noqa: N802 - aiosmtpd's word
        del server, session, options
        envelope.mail_from = address
        return self.at_sender

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:  # noqa: N802 - likewise
        del server, session, options
        refusal = self.refusals.get(address)
        if refusal is None:
            envelope.rcpt_tos.append(address)
        return refusal or "250 2.1.5 ok"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - likewise
        del session
        self.letters.append(envelope)
        if self.hangs_up and isinstance(server.transport, asyncio.WriteTransport):
            server.transport.abort()
        if self.at_data is None:
            await asyncio.Event().wait()
        return str(self.at_data)

    async def auth_XOAUTH2(self, server: SMTP, args: list[str]) -> AuthResult:  # noqa: N802 - likewise
        """As https://learn.microsoft.com describes it: the refusal stands in a challenge, which is answered by an empty line."""
        self.sign_ins.append("XOAUTH2")
        if b64decode(args[1]) == f"user={USER}\x01auth=Bearer {TOKEN}\x01\x01".encode():
            return AuthResult(success=True)
        await server.challenge_auth("refused")
        return AuthResult(success=False, handled=False)

    def letter(self) -> EmailMessage:
        """Return the only letter, as a mailbox would read it."""
        (envelope,) = self.letters
        content = envelope.original_content or b""
        assert isinstance(content, bytes)
        read = message_from_bytes(content, policy=policy.default)
        assert isinstance(read, EmailMessage)
        return read

    def sign_in(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, given: Any) -> AuthResult:  # noqa: ANN401 - aiosmtpd's
        del server, session, envelope
        self.sign_ins.append(mechanism)
        fits = isinstance(given, LoginPassword) and (given.login.decode(), given.password.decode()) == (USER, PASSWORD)
        return AuthResult(success=fits, handled=False)


@asynccontextmanager
async def mail_server(tls: ssl.SSLContext, *, security: str = "smtps", offers_tls: bool = True) -> AsyncIterator[MailServer]:
    """Let one listen; `offers_tls` off: STARTTLS is kept from whoever asks."""
    running = MailServer()
    starttls = security == "smtp"

    def greet() -> SMTP:
        return SMTP(
            running,
            hostname="mail.test",
            tls_context=tls if starttls and offers_tls else None,
            require_starttls=starttls and offers_tls,
            authenticator=running.sign_in,
            auth_required=starttls,  # It does not see that it is spoken to over TLS from the first byte on.
            auth_require_tls=starttls,
        )

    at_once = None if starttls else tls
    listening = await asyncio.get_running_loop().create_server(greet, "127.0.0.1", 0, ssl=at_once)
    running.port = listening.sockets[0].getsockname()[1]
    try:
        yield running
    finally:
        listening.close()
