"""Names become addresses here, and every address is judged before it is dialled: by the resolver, then again by the socket."""

import asyncio
import socket
from collections.abc import Set as AbstractSet
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from tieline.domain.errors import VendorUnavailable
from tieline.security.egress import WEB, Egress, Target

# Two threads per connection: a name server that hangs blocks this vendor's look-ups and nobody else's (behaviour F11).
RESOLVER_THREADS: Final = 2
LOOK_UP_TIMEOUT_S = 1.0
AddressInfo = tuple[int, int, int, str, tuple[Any, ...]]
"""As `socket.getaddrinfo` gives it: family, kind, protocol, canonical name, (address, port, …)."""


class CheckedResolver:
    """Resolves a name to all its addresses, and refuses the name when one of them may not be called."""

    def __init__(self, egress: Egress) -> None:
        self._egress = egress
        self._threads = ThreadPoolExecutor(RESOLVER_THREADS, thread_name_prefix="resolve")

    async def resolve(self, target: Target) -> list[AddressInfo]:
        """Return every address. Raises: EgressForbidden: one may not be called. OSError: the name is not known."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(LOOK_UP_TIMEOUT_S):
                found = await loop.run_in_executor(self._threads, _look_up, target.host, target.port)
        except TimeoutError as exc:
            message = "the name servers do not answer"
            raise OSError(message) from exc
        self._egress.check_addresses(target, {str(sockaddr[0]) for *_, sockaddr in found})
        return found

    async def close(self) -> None:
        """Let the threads end by themselves; one stuck in a look-up must not hold up a shutdown."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _look_up(host: str, port: int) -> list[AddressInfo]:
    return [
        (family, kind, protocol, name, (sockaddr[0], port, *sockaddr[2:]))
        for family, kind, protocol, name, sockaddr in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    ]


class CheckedSockets:
    """Opens the sockets of one connection; the last place where a forbidden address is stopped, literal ones included."""

    def __init__(self, egress: Egress) -> None:
        self._egress = egress

    def __call__(self, address: AddressInfo) -> socket.socket:
        """Return a socket for an address that may be called. Raises: EgressForbidden."""
        family, kind, protocol, _, sockaddr = address
        self._egress.check_dialled(str(sockaddr[0]), int(sockaddr[1]))
        opened = socket.socket(family, kind, protocol)
        opened.setblocking(False)
        return opened


async def check_reachable(url: str, egress: Egress, *, schemes: AbstractSet[str] = WEB) -> Target:
    """Judge a URL when it is saved: as written, and by what its name means at this moment.

    Raises: EgressForbidden: it may not be called. VendorUnavailable: the name is not known.
    """
    target = egress.check(url, schemes=schemes)
    resolver = CheckedResolver(egress)
    try:
        await resolver.resolve(target)
    except OSError as exc:
        raise VendorUnavailable("the name of the server is not known", code="upstream_dns") from exc
    finally:
        await resolver.close()
    return target
