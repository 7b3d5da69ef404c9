"""A token against forged requests: fetched before a write, sent along with the cookies that came with it.

Source: the handshake of SAP gateways; a token without its cookies is refused, and an error may carry the token, too.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from tieline.connectors.answers.read import read_answer
from tieline.connectors.auth.entry import Chain, Step
from tieline.connectors.auth.judging import Judge
from tieline.connectors.auth.places import put
from tieline.connectors.auth.sign_in import WriteRequest
from tieline.connectors.auth.taking import cookies_in, sendable
from tieline.connectors.auth.token import Token, TokenSource
from tieline.connectors.auth.vault import Kept
from tieline.connectors.wire.messages import Incoming, Outgoing, Wire
from tieline.domain.errors import VendorBadAnswer
from tieline.kit.deadline import Deadline

_READS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class FetchCsrf:
    """Asks for the token under the credentials above it. `lifetime_s`: vendors do not say how long it holds."""

    write: WriteRequest
    under: Chain
    header: str
    judge: Judge
    lifetime_s: float

    async def __call__(self, wire: Wire, *, deadline: Deadline, kept: Kept) -> Token:  # noqa: ARG002 - each is a new one
        """Return the token and its cookies. Raises: ConnectorError."""
        incoming = await self.under.send(wire, self.write(), deadline=deadline)
        token = incoming.headers.get(self.header.lower(), "")
        if not token:
            self.judge.check(read_answer(incoming))
            raise VendorBadAnswer("the other system sent no token against forged requests")
        cookies = {name: sendable(value) for name, value in cookies_in(incoming.headers).items()}
        return Token(sendable(token), self.lifetime_s, more=cookies)


class CsrfAuth:
    """The token of one connection, for its writes only. `lazy`: not before the vendor has asked for it."""

    renewable = True

    def __init__(self, source: TokenSource, *, header: str, cookies: bool, lazy: bool) -> None:
        self._source = source
        self._header = header
        self._cookies = cookies
        self._wanted = not lazy

    async def prepare(self, wire: Wire, outgoing: Outgoing, *, deadline: Deadline, refused: frozenset[str] | None) -> None:
        """Fetch the token for a write."""
        if outgoing.method in _READS:
            return
        self._wanted = self._wanted or refused is not None
        if self._wanted:
            await self._source.ready(wire, deadline=deadline, refused=refused or frozenset())

    def sign(self, outgoing: Outgoing, at: datetime) -> list[Step]:  # noqa: ARG002 - it holds at any time
        """Add the token and its cookies to a write."""
        token = self._source.token
        if outgoing.method in _READS or not token:
            return []
        outgoing.credentials |= {token}
        put(outgoing, "header", self._header, token)
        cookies = {name: value for name, value in self._source.values.items() if name != "token"} if self._cookies else {}
        for name, value in cookies.items():
            put(outgoing, "cookie", name, value)
        return [Step(f"header {self._header}", token, hidden=True, told=False)]

    async def observe(self, incoming: Incoming) -> None:
        """Nothing to do."""

    @property
    def refusal(self) -> str:
        """The code by which the vendor refused to give a token."""
        return self._source.refusal

    def secrets(self) -> tuple[str, ...]:
        """Return the token and its cookies."""
        return tuple(value for value in self._source.values.values() if value)

    async def aclose(self) -> None:
        """Stop a fetch under way."""
        await self._source.aclose()
