"""Hands letters to a mail server: the wire of hosts written smtps:// (TLS at once) and smtp:// (STARTTLS). See docs/adr/0044.

A request is `SEND` with a letter as JSON, or `NOOP`. The answer's status is the server's reply code, and its JSON says at which
`stage` it fell and what was said of each receiver. Nothing is sent, no password either, before the certificate was verified.
"""

import asyncio
import binascii
import re
import ssl
from base64 import b64decode
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from aiosmtplib import SMTP, SMTPException, SMTPResponse, SMTPResponseException

from tieline.connectors.language.writing import json_bytes
from tieline.connectors.manifest.requests import MAIL_METHODS
from tieline.connectors.wire.dialling import Dialler
from tieline.connectors.wire.letters import Letter, Receiver, letter_from, message_id, receivers_of, write
from tieline.connectors.wire.messages import Incoming, Outgoing
from tieline.domain.errors import OutcomeUnknown, VendorMisconfigured, VendorTimeout, VendorUnavailable
from tieline.kit.clock import Clock
from tieline.kit.deadline import Deadline
from tieline.security.egress import MAIL, Egress, parse_target

_OURSELVES: Final = "[127.0.0.1]"
"""How we greet: our own name is nobody's business, and one nobody can look up makes servers suspicious."""
_NO_ADDRESS: Final = {"code": 553, "enhanced": "5.1.3", "text": "not asked for: this is no e-mail address"}
_ENHANCED: Final = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
_CODES: Final = range(200, 600)
_TAKEN: Final = range(200, 300)
_PASSING: Final = range(400, 500)
_FAREWELL_S: Final = 1.0
_WAYS: Final[Mapping[str, tuple[str, ...]]] = {"basic": ("plain", "login"), "xoauth2": ("xoauth2",)}
"""Which of SASL's ways are meant by a scheme, the best first."""
_PARTED_BY: Final[Mapping[str, str]] = {"basic": ":"}


@dataclass(frozen=True, slots=True)
class Credentials:
    """As whom to sign in. `kind`: a key of `_WAYS`."""

    kind: str
    name: str
    secret: str = field(repr=False)


class MailWire:
    """A `tieline.connectors.wire.messages.Wire`. Each letter has a connection of its own: servers soon close those that wait."""

    def __init__(self, egress: Egress, *, tls: ssl.SSLContext, clock: Clock) -> None:
        self._dialler = Dialler(egress, tls=tls)
        self._tls = tls
        self._clock = clock

    async def send(self, outgoing: Outgoing, *, deadline: Deadline) -> Incoming:
        """Hand a letter over.

        Raises: VendorTimeout, VendorUnavailable: nothing was handed over. OutcomeUnknown: it was, and no reply came.
        VendorMisconfigured: no TLS, or not with whom it should be. EgressForbidden. VendorRejected: it is no letter.
        """
        talk = _Talk(outgoing, self._clock, self._tls)
        try:
            async with asyncio.timeout_at(deadline.at_s):
                return await talk.hold(self._dialler)
        except TimeoutError as exc:
            raise talk.lost(VendorTimeout("the mail server did not answer in time")) from exc
        except SMTPResponseException as exc:
            if exc.code in _CODES:
                return talk.answer(exc.code, exc.message)
            raise talk.lost(VendorUnavailable("what came is no reply of a mail server")) from exc
        except (SMTPException, OSError) as exc:
            if isinstance(exc, ssl.SSLError) or isinstance(exc.__cause__, ssl.SSLError):
                raise VendorMisconfigured("the server's certificate cannot be trusted", code="upstream_tls") from exc
            raise talk.lost(VendorUnavailable("the connection to the mail server broke")) from exc
        finally:
            await talk.end(deadline)

    async def aclose(self) -> None:
        """Nothing is kept open but the look-up of names."""
        await self._dialler.aclose()


class _Talk:
    """One conversation with a server, and how far it got."""

    def __init__(self, outgoing: Outgoing, clock: Clock, tls: ssl.SSLContext) -> None:
        if outgoing.method not in MAIL_METHODS:
            raise VendorMisconfigured("a mail server is asked by SEND or NOOP")
        self._credentials = credentials_in(outgoing.headers)
        self._letter = letter_from(outgoing.body) if outgoing.method == "SEND" else None
        self._receivers = receivers_of(self._letter) if self._letter else []
        self._written = write(self._letter, self._receivers, at=clock()) if self._letter else b""
        self._said: list[dict[str, Any]] = []
        self._stage = "connect"
        self._target = parse_target(outgoing.url, schemes=MAIL)
        self._client = SMTP(
            hostname=self._target.host,
            local_hostname=_OURSELVES,
            use_tls=self._target.scheme == "smtps",
            start_tls=False,
            tls_context=tls,
            timeout=None,
        )

    def lost(self, error: VendorTimeout | VendorUnavailable) -> Exception:
        """Say what it means that no reply came: once the letter itself was on its way, it may have arrived."""
        return OutcomeUnknown("the letter was sent, but no reply came") if self._stage == "data" else error

    async def hold(self, dialler: Dialler) -> Incoming:
        """Hold it, and return what the server said to the last thing asked. Raises: SMTPException, OSError."""
        opened = await dialler.dial_socket(self._target)
        try:
            await self._client.connect(sock=opened)
        except BaseException:
            opened.close()
            raise
        await self._secure()
        await self._sign_in()
        if self._letter:
            return await self._hand_over(self._letter)
        self._stage = "noop"
        reply = await self._client.noop()
        return self.answer(reply.code, reply.message)

    async def end(self, deadline: Deadline) -> None:
        """Say goodbye. What was handed over stays so, whatever the server makes of that."""
        try:
            async with deadline.share(_FAREWELL_S):
                await self._client.quit()
        except (SMTPException, OSError, TimeoutError):
            self._client.close()

    async def _secure(self) -> None:
        """Go on under TLS or not at all: that it is not offered may be somebody in between who wants the password."""
        self._stage = "tls"
        await self._client.ehlo()
        if self._target.scheme == "smtps":
            return
        if not self._client.supports_extension("starttls"):
            raise VendorMisconfigured("the mail server offers no STARTTLS", code="upstream_tls")
        await self._client.starttls()
        await self._client.ehlo()

    async def _sign_in(self) -> None:
        """Sign in once, in the first way both of us know: a server counts refused attempts."""
        self._stage = "auth"
        if self._credentials is None:
            return
        said: Mapping[str, Callable[[str, str], Awaitable[SMTPResponse]]] = {
            "xoauth2": self._client.auth_xoauth2,
            "plain": self._client.auth_plain,
            "login": self._client.auth_login,
        }
        ways = [way for way in _WAYS[self._credentials.kind] if way in self._client.server_auth_methods]
        if not ways:
            detail = f"the mail server offers no sign-in by {' or '.join(_WAYS[self._credentials.kind]).upper()}"
            raise VendorMisconfigured(detail, code="upstream_credentials")
        await said[ways[0]](self._credentials.name, self._credentials.secret)

    async def _hand_over(self, letter: Letter) -> Incoming:
        """Name sender and receivers, and send the letter to those that were taken."""
        self._stage = "from"
        await self._client.mail(letter.sender)
        self._stage = "to"
        for receiver in self._receivers:
            self._said.append({"to": receiver.given, **await self._asked(receiver)})
        if not any(each["code"] in _TAKEN for each in self._said):
            passing = (each for each in self._said if each["code"] in _PASSING)
            refusal = next(passing, self._said[0])
            return self.answer(refusal["code"], f"{refusal['enhanced']} {refusal['text']}".lstrip())
        self._stage = "data"
        reply = await self._client.data(self._written)
        return self.answer(reply.code, reply.message)

    async def _asked(self, receiver: Receiver) -> dict[str, Any]:
        """Return what the server says of one receiver: a refusal is an answer too."""
        if receiver.address is None:
            return dict(_NO_ADDRESS)
        try:
            reply = await self._client.rcpt(receiver.address)
        except SMTPResponseException as exc:
            if exc.code not in _CODES:
                raise
            return {"code": exc.code, **_parted(exc.message)}
        return {"code": reply.code, **_parted(reply.message)}

    def answer(self, code: int, text: str) -> Incoming:
        """Write what became of it as an answer like any other."""
        body: dict[str, Any] = {"stage": self._stage, **_parted(text)}
        if self._letter:
            body |= {"message_id": message_id(self._letter), "recipients": self._said}
        return Incoming(code, {"content-type": "application/json"}, json_bytes(body))


def _parted(text: str) -> dict[str, str]:
    """Part `5.1.1 no such user` (RFC 3463) into the code and the words."""
    first, _, rest = text.partition(" ")
    enhanced = first if _ENHANCED.fullmatch(first) else ""
    return {"enhanced": enhanced, "text": rest if enhanced else text}


def credentials_in(headers: Mapping[str, str]) -> Credentials | None:
    """Read what the connector's scheme wrote: `Basic …`, or `XOAUTH2 NAME TOKEN`. Raises: VendorMisconfigured: something else."""
    written = headers.get("authorization")
    if written is None:
        return None
    kind, _, value = written.partition(" ")
    if kind.lower() == "basic":
        try:
            value = b64decode(value, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError) as exc:
            raise _unknown_scheme() from exc
    name, parted, secret = value.partition(_PARTED_BY.get(kind.lower(), " "))
    if kind.lower() not in _WAYS or not (name and parted and secret):
        raise _unknown_scheme()
    return Credentials(kind.lower(), name, secret)


def _unknown_scheme() -> VendorMisconfigured:
    return VendorMisconfigured("a mail server is signed in to by basic, or by a header XOAUTH2 with name and token")
