"""Opening a connection to a vendor: the name's checked addresses are tried in turn, and the certificate is verified."""

import asyncio
import ssl
from typing import Final

from aiohappyeyeballs import start_connection

from tieline.connectors.wire.addresses import AddressInfo, CheckedResolver, CheckedSockets
from tieline.connectors.wire.http_line import HttpLine
from tieline.domain.errors import VendorMisconfigured, VendorUnavailable
from tieline.security.egress import Egress, Target

CONNECT_TIMEOUT_S: Final = 1.0
ADDRESSES_HOLD_S: Final = 60.0
NEXT_ADDRESS_AFTER_S: Final = 0.25
"""How long one address may keep silent before the next is tried beside it (RFC 8305, section 8)."""


class Dialler:
    """Dials for one connection of ours; remembers for a minute what a name meant."""

    def __init__(self, egress: Egress, *, tls: ssl.SSLContext) -> None:
        self._resolver = CheckedResolver(egress)
        self._sockets = CheckedSockets(egress)
        self._tls = tls
        self._known: dict[Target, tuple[float, list[AddressInfo]]] = {}

    async def dial(self, target: Target, *, most_bytes: int) -> HttpLine:
        """Return an open line.

        Raises: EgressForbidden. VendorUnavailable: there is no such name, or nobody answers. VendorMisconfigured: the server is
        not who it should be.
        """
        addresses = await self._addresses(target)
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                return await self._connect(target, addresses, most_bytes)
        except ssl.SSLError as exc:
            raise VendorMisconfigured("the server's certificate cannot be trusted", code="upstream_tls") from exc
        except (OSError, TimeoutError) as exc:
            self._known.pop(target, None)
            raise VendorUnavailable("the server cannot be reached", code="upstream_unreachable") from exc

    async def aclose(self) -> None:
        """Stop looking names up."""
        await self._resolver.close()

    async def _addresses(self, target: Target) -> list[AddressInfo]:
        now = asyncio.get_running_loop().time()
        until, found = self._known.get(target, (0.0, []))
        if now >= until:
            try:
                found = await self._resolver.resolve(target.host, target.port)
            except OSError as exc:
                raise VendorUnavailable("the name of the server is not known", code="upstream_dns") from exc
            self._known[target] = (now + ADDRESSES_HOLD_S, found)
        return found

    async def _connect(self, target: Target, addresses: list[AddressInfo], most_bytes: int) -> HttpLine:
        opened = await start_connection(
            addresses, happy_eyeballs_delay=NEXT_ADDRESS_AFTER_S, interleave=1, socket_factory=self._sockets
        )
        secure = target.scheme == "https"
        try:
            _, line = await asyncio.get_running_loop().create_connection(
                lambda: HttpLine(most_bytes=most_bytes),
                sock=opened,
                ssl=self._tls if secure else None,
                server_hostname=target.host if secure else None,
            )
        except BaseException:
            opened.close()
            raise
        return line
