"""Opening a connection to a vendor: the name's checked addresses are tried in turn, and the certificate is verified."""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from aiohappyeyeballs import start_connection

from tieline.connectors.wire.addresses import AddressInfo, CheckedResolver, CheckedSockets
from tieline.connectors.wire.http_line import HttpLine
from tieline.domain.errors import VendorMisconfigured, VendorUnavailable
from tieline.security.egress import Egress, Target

Begun = TypeVar("Begun")
CONNECT_TIMEOUT_S = 1.0
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
        """Return an open line. Raises: as `dial_socket`."""
        return await self._reach(target, lambda opened: self._http_line(target, opened, most_bytes))

    async def dial_stream(self, target: Target, *, longest_line: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Return an open stream of bytes, over TLS if the target's scheme is https. Raises: as `dial_socket`."""
        tls = self._tls if target.scheme == "https" else None
        name = target.host if tls else None
        return await self._reach(
            target, lambda opened: asyncio.open_connection(sock=opened, limit=longest_line, ssl=tls, server_hostname=name)
        )

    async def dial_socket(self, target: Target) -> socket.socket:
        """Return a connected socket, for a library that speaks over it.

        Raises: EgressForbidden. VendorUnavailable: there is no such name, or nobody answers. VendorMisconfigured: the server is
        not who it should be.
        """
        return await self._reach(target, _as_it_is)

    async def _reach(self, target: Target, begin: Callable[[socket.socket], Awaitable[Begun]]) -> Begun:
        """Connect, and begin to speak, all within the time for it."""
        addresses = await self._addresses(target)
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                opened = await start_connection(
                    addresses, happy_eyeballs_delay=NEXT_ADDRESS_AFTER_S, interleave=1, socket_factory=self._sockets
                )
                return await _begun(opened, begin)
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
                found = await self._resolver.resolve(target)
            except OSError as exc:
                raise VendorUnavailable("the name of the server is not known", code="upstream_dns") from exc
            self._known[target] = (now + ADDRESSES_HOLD_S, found)
        return found

    async def _http_line(self, target: Target, opened: socket.socket, most_bytes: int) -> HttpLine:
        secure = target.scheme == "https"
        _, line = await asyncio.get_running_loop().create_connection(
            lambda: HttpLine(most_bytes=most_bytes),
            sock=opened,
            ssl=self._tls if secure else None,
            server_hostname=target.host if secure else None,
        )
        return line


async def _begun(opened: socket.socket, begin: Callable[[socket.socket], Awaitable[Begun]]) -> Begun:
    try:
        return await begin(opened)
    except BaseException:
        opened.close()
        raise


async def _as_it_is(opened: socket.socket) -> socket.socket:
    return opened
